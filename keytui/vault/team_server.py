"""A team's server as a profile names it: its address, where the token for it stands, and whose certificate it shows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from keytui.domain.errors import Invalid
from keytui.domain.references import Reference
from keytui.domain.web_addresses import checked_web_address


@dataclass(frozen=True, slots=True)
class TeamServer:
    """`url` ends without a slash. `certificates` is a file of authorities to trust instead of the system's, or ""."""

    url: str
    token: Reference
    certificates: str = ""

    def __post_init__(self) -> None:
        """Invalid when the address is none, or not encrypted all the way."""
        try:
            parts = urlsplit(checked_web_address(self.url))
        except Invalid as error:
            raise Invalid(f"the server's address {error.message}", error.hint) from None
        if parts.query or parts.fragment:
            raise Invalid("the server's address goes on after its path", "as in https://keys.example.com")
        object.__setattr__(self, "url", self.url.rstrip("/"))

    @property
    def host(self) -> str:
        """Host and port, as the status line names the server."""
        return urlsplit(self.url).netloc

    @property
    def encrypted(self) -> bool:
        """Whether the line is. Where it is not, the server is on this machine's own loopback."""
        return self.url.startswith("https:")
