"""A team's clients: some rotate keys over the API, others ask /v1/verify, each over connections of its own."""

from __future__ import annotations

import http.client
import json
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from itertools import count
from typing import Final
from urllib.parse import urlsplit

import httpx

from tests.benchmarks.team_ledger import Known, Ledger

REPEATED: Final = 0.1
"""How many changes are asked for again under the same Idempotency-Key, of another server, as after a lost answer."""
_AGAIN_WITHIN: Final = 60.0
_BUSY: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})


class Work:
    """So many pieces of work for several threads; what went wrong in one of them ends all."""

    def __init__(self, pieces: int, do: Callable[[int], Callable[[], None]], threads: int) -> None:
        self._left = iter(range(pieces))
        self._lock = threading.Lock()
        self._faults: list[BaseException] = []
        self._threads = [threading.Thread(target=self._work, args=(do, number)) for number in range(threads)]
        self._began = time.monotonic()
        self.seconds = 0.0
        """How long it took until now; all of it, once it is joined."""

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()
        if self._faults:
            raise self._faults[0]

    def _work(self, do: Callable[[int], Callable[[], None]], number: int) -> None:
        try:
            piece = do(number)
            while self._take():
                piece()
        except BaseException as fault:  # raised again where it is joined
            self._faults.append(fault)
        self.seconds = max(self.seconds, time.monotonic() - self._began)

    def _take(self) -> bool:
        with self._lock:
            return not self._faults and next(self._left, None) is not None


class Rotator:
    """Rotates keys that others rotate too, from the plan to the end, and asks another server at every step."""

    def __init__(self, urls: Sequence[str], token: str, keys: Sequence[str], ledger: Ledger, number: int) -> None:
        self._urls = urls
        self._keys = keys
        self._ledger = ledger
        self._chance = random.Random(number)  # noqa: S311  # which key comes next is no secret
        self._client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def rotate(self) -> None:
        """One rotation, whole."""
        while True:
            key_id = self._chance.choice(self._keys)
            told = self._changed(f"/admin/keys/{key_id}/rotate", {})
            if told.status_code == HTTPStatus.OK:
                break
            assert told.json()["type"] == "urn:keytui:problem:rotation-open", told.text
            self._ledger.meet("key that somebody else was rotating")
        issued = told.json()
        rotation = f"/admin/rotations/{issued['rotation']['id']}"
        self._ledger.issued(key_id, issued["version"]["number"], issued["secret"])
        old = self._ledger.version(key_id, issued["rotation"]["old_version"])
        self._done(f"{rotation}/prove", {"pasted": issued["secret"]}, "overlapping")
        old.ending = time.monotonic()
        self._done(f"{rotation}/retire", {"override": "a benchmark"}, "suspended")
        old.ended = time.monotonic()
        self._done(f"{rotation}/complete", {"override": "a benchmark"}, "completed")

    def _done(self, path: str, body: dict[str, str], state: str) -> None:
        told = self._changed(path, body)
        assert told.status_code == HTTPStatus.OK, told.text
        assert told.json()["state"] == state, told.text

    def _changed(self, path: str, body: dict[str, str]) -> httpx.Response:
        """A change, and now and then the same again of another server: it has to tell the same, and do nothing."""
        key = secrets.token_urlsafe(32)
        told = self._answered(path, body, key)
        if told.is_success and self._chance.random() < REPEATED:
            again = self._answered(path, body, key)
            assert again.headers.get("Idempotency-Replayed") == "true", again.text
            assert again.content == told.content, "another answer to the same"
            self._ledger.meet("change asked for again, told and not done again")
        return told

    def _answered(self, path: str, body: dict[str, str], key: str) -> httpx.Response:
        """Ask any server; where it is busy, another, under the same key."""
        until = time.monotonic() + _AGAIN_WITHIN
        while True:
            url = self._chance.choice(self._urls)
            told = self._client.post(url + path, json=body, headers={"Idempotency-Key": key})
            if told.status_code not in _BUSY or time.monotonic() > until:
                return told
            self._ledger.meet(f"answer {told.status_code}, asked again")
            time.sleep(0.2)


class Asker:
    """A service that asks whether secrets are good, one question at a time."""

    def __init__(self, urls: Sequence[str], token: str, ledger: Ledger, number: int) -> None:
        self._ledger = ledger
        self._chance = random.Random(number)  # noqa: S311  # which key comes next is no secret
        self._lines = [http.client.HTTPConnection(urlsplit(url).netloc, timeout=60) for url in urls]
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._caller = {"name": f"service-{number}"}
        self._turns: Iterator[int] = count(number)

    def ask(self) -> None:
        """One question, with whichever secret."""
        self.ask_with(self._ledger.any_version(self._chance))

    def ask_with(self, known: Known) -> str:
        line = self._lines[next(self._turns) % len(self._lines)]
        began = time.monotonic()
        line.request("POST", "/v1/verify", json.dumps({"secret": known.secret, "caller": self._caller}), self._headers)
        response = line.getresponse()
        told = response.read()
        assert response.status == HTTPStatus.OK, told
        outcome = json.loads(told)["outcome"]
        assert isinstance(outcome, str)
        self._ledger.answered(known, began, outcome)
        return outcome
