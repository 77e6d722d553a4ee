"""One secret in AWS Secrets Manager, asked through boto3: no retry behind our back, no error with what was sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError

from keytui.domain.errors import Invalid, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.references import Reference, Resolve
from keytui.domain.secrets import Secret
from keytui.targets.exchange import Patience, credential, said

logging.getLogger("botocore").setLevel(logging.WARNING)  # below, it writes down what it sends, secrets and all

_CONNECTING: Final = 5.0
_READING: Final = 15.0
_DESCRIPTIONS: Final = Loader(include_default_search_paths=True)
"""boto3's files of what each service is asked, which take longer to read than a delivery; credentials are read anew."""
_CALLING: Final = (BotoCoreError, ResponseParserError, OSError, ValueError, AttributeError, TypeError)
"""What calling raises; the last two where an answer is JSON of another shape, which boto3 does not look at."""
_NOT_LET_IN: Final = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_UNCONFIGURED: Final = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    NoRegionError,
    ProfileNotFound,
)
_NEVER_SENT: Final = (EndpointConnectionError, ConnectTimeoutError, ParamValidationError, *_UNCONFIGURED)


@dataclass(frozen=True, slots=True)
class AwsAccount:
    """Where Secrets Manager is, and who we are there: boto3's own chain, a profile, or a key by references."""

    region: str
    endpoint_url: str = ""
    profile: str = ""
    access_key_id: Reference | None = None
    secret_access_key: Reference | None = None
    session_token: Reference | None = None

    def client(self, resolve: Resolve) -> object:
        """boto3's client. It may ask the machine that it runs on for credentials."""
        given = {
            f"aws_{name}": credential(resolve, reference).reveal()
            for name, reference in (
                ("access_key_id", self.access_key_id),
                ("secret_access_key", self.secret_access_key),
                ("session_token", self.session_token),
            )
            if reference is not None
        }
        config = Config(
            connect_timeout=_CONNECTING,
            read_timeout=_READING,
            retries={"total_max_attempts": 1},
            # Loopback is asked without a proxy: one from the environment would get the secret in the clear.
            proxies={} if urlsplit(self.endpoint_url).scheme == "http" else None,
        )
        core = botocore.session.Session()
        core.register_component("data_loader", _DESCRIPTIONS)
        session = boto3.session.Session(
            botocore_session=core, profile_name=self.profile or None, region_name=self.region, **given
        )
        client: object = session.client("secretsmanager", endpoint_url=self.endpoint_url or None, config=config)
        return client


class AwsSecret:
    """An exchange about one secret. Errors begin with `whose`; no error repeats `unsaid`."""

    def __init__(
        self, whose: str, secret_id: str, account: AwsAccount, resolve: Resolve, *, patience: Patience, unsaid: Secret
    ) -> None:
        self._whose = whose
        self._secret_id = secret_id
        self._patience = patience
        self._unsaid = unsaid
        self._client = self._called(lambda: account.client(resolve), writes=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        close: Callable[[], object] = getattr(self._client, "close")  # noqa: B009  # boto3 makes its clients up
        close()

    def labels(self) -> Mapping[str, str]:
        """Which version each staging label is on. NotFound when there is no such secret."""
        found = self._asked("describe_secret")
        if found.get("DeletedDate"):
            raise Refused(
                f"{self._whose}: it is marked for deletion", "`aws secretsmanager restore-secret` brings it back"
            )
        versions = found.get("VersionIdsToStages") or {}
        if not isinstance(versions, dict) or not all(isinstance(labels, list) for labels in versions.values()):
            raise Unreachable(f"{self._whose}: it answers something that is no secret", "check region and endpoint_url")
        return {str(label): str(version) for version, labels in versions.items() for label in labels}

    def content(self, version_id: str) -> str:
        """What a version holds. Refused when that is no text."""
        found = self._asked("get_secret_value", VersionId=version_id)
        content = found.get("SecretString")
        if not isinstance(content, str):
            raise Refused(f"{self._whose}: it holds something that is no text", "name another secret")
        return content

    def put_pending(self, version_id: str, content: str) -> None:
        """A version that nobody reads yet. The same again changes nothing."""
        self._asked(
            "put_secret_value",
            writes=True,
            ClientRequestToken=version_id,
            SecretString=content,
            VersionStages=["AWSPENDING"],
        )

    def move(self, label: str, to: str | None, away_from: str | None) -> None:
        """Move a staging label, which must be where we think that it is."""
        ends = {"MoveToVersionId": to, "RemoveFromVersionId": away_from}
        self._asked(
            "update_secret_version_stage",
            writes=True,
            VersionStage=label,
            **{name: version for name, version in ends.items() if version is not None},
        )

    def _asked(self, operation: str, *, writes: bool = False, **arguments: object) -> Mapping[str, object]:
        call: Callable[..., object] = getattr(self._client, operation)
        answer = self._called(lambda: call(SecretId=self._secret_id, **arguments), writes=writes)
        if isinstance(answer, dict) and "ARN" in answer:
            return answer
        nonsense = f"{self._whose}: it answers something that is no secret"
        if writes:
            raise OutcomeUnknown(nonsense, "see what it holds before you do it again")
        raise Unreachable(nonsense, "check region and endpoint_url")

    def _called(self, act: Callable[[], object], *, writes: bool) -> object:
        try:
            return self._patience.call(act)
        except ClientError as error:
            raise self._refusal(error, writes=writes) from None
        except _UNCONFIGURED as error:
            raise Invalid(
                f"{self._whose}: boto3 has no credentials to use: {type(error).__name__}",
                "name them in the target's table, or give them to boto3 as its documentation says",
            ) from None
        except _CALLING as error:  # their texts may hold what was sent or answered
            why = f"{self._whose}: no answer: {type(error).__name__}"
            if writes and not isinstance(error, _NEVER_SENT):
                raise OutcomeUnknown(why, "see what it holds before you do it again") from None
            raise Unreachable(why, "check region and endpoint_url; try again") from None

    def _refusal(self, error: ClientError, *, writes: bool) -> KeytuiError:
        told, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        code, message = str(told.get("Code", "")), said(str(told.get("Message", "")), self._unsaid)
        text = f"{self._whose}: {said(code, self._unsaid)}: {message}"
        if code == "ResourceNotFoundException":  # with 404 or 400
            return NotFound(text, "make the secret first, with its key and policy, or correct secret_id")
        if code in _NOT_LET_IN:
            return Refused(text, "let it describe, get, put and move the labels of this secret")
        if int(status.get("HTTPStatusCode", 500)) >= 500:
            kind = OutcomeUnknown if writes else Unreachable
            return kind(text, "see what it holds before you do it again" if writes else "try again later")
        if "Throttling" in code or "LimitExceeded" in code:
            return Unreachable(text, "try again later")
        return Refused(text, "see to it there, then try again")
