#!/usr/bin/env python3
"""Verify a file that `keytui evidence` wrote. Needs Python 3.9 and nothing else: no keytui, no network.

    python3 -I verify_evidence.py FILE [--key PUBLIC_KEY] [--checkpoint FILE]...

PUBLIC_KEY is the vault's, in hex, as you got it by another way than with the file (`keytui audit checkpoint` shows
it). A checkpoint is one that somebody kept elsewhere. Exit code 0: everything holds. 1: something does not. 2: usage.
"""

# ruff: noqa: T201, PTH123  # a script that prints, and opens what it is told to

from __future__ import annotations

import argparse
import hashlib
import json
import sys

FORMAT = "keytui-evidence-1"
Point = tuple[int, int, int, int]


class Broken(Exception):
    """Something in the file does not hold."""


# Ed25519 verification, RFC 8032 section 5.1.7; points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def added(a: Point, b: Point) -> Point:
    p, q = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    r, s = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = q - p, s - r, s + r, q + p
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = added(total, point)
        point = added(point, point)
        number >>= 1
    return total


def same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_of(text: bytes) -> Point | None:
    """The point that 32 bytes stand for; None when they stand for none."""
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if len(text) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public_key: bytes, text: bytes, signature: bytes) -> bool:
    key, commitment = point_of(public_key), point_of(signature[:32])
    factor = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or commitment is None or factor >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + text).digest(), "little") % ORDER
    return same(times(factor, BASE), added(commitment, times(challenge, key)))


# The file.


def unique(pairs: list) -> dict:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Broken("a name stands twice in one object: which of the two counts is anybody's guess")
    return found


def no_fraction(text: str) -> None:
    raise Broken(f"{text} is no number that keytui writes")


def read(path: str) -> dict:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file, object_pairs_hook=unique, parse_float=no_fraction, parse_constant=no_fraction)
    except (OSError, ValueError, RecursionError) as error:
        raise Broken(f"{path} cannot be read: {error}") from None


def bytes_of(text: str) -> bytes:
    found = bytes.fromhex(text)
    if found.hex() != text:
        raise Broken("a key or signature is not written as keytui writes it")
    return found


def canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def check_document(file: dict, expected_key: str) -> tuple[dict, bytes]:
    if set(file) != {"document", "signature", "public_key"}:
        raise Broken("the file is not made of a document, its signature and a public key")
    public_key = bytes_of(file["public_key"])
    if expected_key and public_key != bytes_of(expected_key):
        raise Broken("it is signed with another key than the one you named")
    document = file["document"]
    if document["format"] != FORMAT:
        raise Broken(f"this script knows {FORMAT} and no other format")
    if not is_signed(public_key, b"keytui evidence " + canonical(document).encode(), bytes_of(file["signature"])):
        raise Broken("the document is not what was signed")
    return document, public_key


def check_entries(entries: list) -> tuple[int, int]:
    """Every hash is that of its entry, in order; and neighbours in the log are chained. How many could be computed."""
    computed = links = 0
    before = None
    for entry in entries:
        number = entry["sequence"]
        if before and number <= before["sequence"]:
            raise Broken(f"entry {number} is out of order")
        if before and number == before["sequence"] + 1:
            if entry["previous"] != before["hash"]:
                raise Broken(f"entry {number} does not follow the one before it")
            links += 1
        if not entry["addresses_left_out"]:
            if hash_of(entry) != entry["hash"]:
                raise Broken(f"entry {number} is not what its hash says")
            computed += 1
        before = entry
    return computed, links


def hash_of(entry: dict) -> str:
    fields = ("sequence", "at", "actor", "type", "key_id", "key_name", "version", "rotation_id")
    told = [entry[name] for name in fields]
    told += [sorted(entry["details"].items()), entry["refused"], entry["previous"]]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def check_checkpoint(checkpoint: dict, public_key: bytes, entries: list) -> bool:
    """Whether it pins one of the entries."""
    number, digest = checkpoint["sequence"], checkpoint["hash"]
    if not is_signed(public_key, f"keytui audit {number} {digest}".encode(), bytes_of(checkpoint["signature"])):
        raise Broken(f"checkpoint {number} is not signed with the vault's key")
    pinned = [entry for entry in entries if entry["sequence"] == number]
    if pinned and pinned[0]["hash"] != digest:
        raise Broken(f"checkpoint {number} is of another entry than the one in this file")
    return bool(pinned)


def check_fingerprints(document: dict) -> None:
    """The log and the key's versions speak of the same secrets."""
    rotation = document["rotation"]
    of_version = {version["number"]: version["fingerprint"] for version in document["versions"]}
    for entry in document["entries"]:
        if entry["rotation_id"] != rotation["id"]:
            continue
        for name, number in (
            ("old_fingerprint", rotation["old_version"]),
            ("new_fingerprint", rotation["new_version"]),
        ):
            told = entry["details"].get(name)
            # A new secret that was lost was issued again under another number.
            known = of_version.values() if name == "new_fingerprint" else [of_version.get(number)]
            if told is not None and told not in known:
                raise Broken(f"entry {entry['sequence']} tells of a version that the key does not have")


def verify(path: str, expected_key: str, kept: list[str]) -> None:
    document, public_key = check_document(read(path), expected_key)
    entries = document["entries"]
    computed, links = check_entries(entries)
    check_fingerprints(document)
    pinned = sum(check_checkpoint(one, public_key, entries) for one in document["checkpoints"])
    check_checkpoint(document["head"], public_key, entries)
    told = {}
    for name in kept:
        one = read(name)
        if bytes_of(one["public_key"]) != public_key:
            raise Broken(f"{name} is signed with another key than the document")
        told[name] = check_checkpoint(one, public_key, entries)
    say(document, public_key, expected_key, (computed, links, pinned, told))


def say(document: dict, public_key: bytes, expected_key: str, counts: tuple) -> None:
    computed, links, pinned, told = counts
    rotation, key, entries = document["rotation"], document["key"], document["entries"]
    print(
        f"HOLDS: rotation #{rotation['id']} of {printable(key['name'])} ({printable(key['environment'])}), "
        f"{printable(rotation['state'])}"
    )
    made, hexed = document["made"], public_key.hex()
    print(f"  The document is whole: the key {hexed} has signed every word of it,")
    print(f"  on {printable(made['at'])} for {printable(made['by'])}, when the log stood at", end=" ")
    print(f"entry {document['head']['sequence']}.")
    print(f"  {computed} of {len(entries)} entries of the log are what their hashes say; {links} follow", end=" ")
    print("directly on the one before.")
    if links + 1 < len(entries):
        print("  Before the others stand entries of the log that are not told here.")
    if computed < len(entries):
        print(f"  From {len(entries) - computed} entries an address was left out, so that the document's signature")
        print("  vouches for them and not their own hash.")
    print(f"  {pinned} entries bear a signature of their own in the log.")
    for name, here in told.items():
        where = "is one of these entries" if here else "is sound, and of an entry that is not in this file"
        print(f"  The checkpoint {printable(name)} {where}.")
    for verdict in document["verdicts"]:
        found = verdict["details"]
        against = "; against it: " + printable(found["reasons"]) if found.get("reasons") else ""
        outcome = "refused" if verdict["refused"] else "overridden" if found.get("override") else "done"
        print(f"  {printable(verdict['at'])} {printable(verdict['what'])} by {printable(verdict['by'])}:", end=" ")
        print(f"{printable(found['verdict'])}, {outcome}{against}")
    if not expected_key:
        print("  NOT PROVEN: that this key is the vault's. Compare it with one that you got by another way (--key).")
    print("  NOT PROVEN: that nothing was left out, and that the vault's own keeper tells the truth.")


def printable(text: object) -> str:
    """What came from outside is not for the terminal to obey."""
    return "".join(one if one.isprintable() else "?" for one in str(text))


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify a file that `keytui evidence` wrote.")
    parser.add_argument("file")
    parser.add_argument("--key", default="", metavar="PUBLIC_KEY", help="the vault's, in hex")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE", help="one that was kept elsewhere")
    given = parser.parse_args()
    try:
        verify(given.file, given.key, given.checkpoint)
    except Broken as error:
        print(f"BROKEN: {printable(error)}")
        return 1
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        print("BROKEN: it is not made as keytui makes such a file")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
