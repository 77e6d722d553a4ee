"""`keytui evidence` against somebody who changes the file, and the script that finds it without us."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import ApprovalNeeded
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.domain.usage import Caller, Flush, Use
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import AuditExtract
from keytui.vault.profile import Profile
from tests.world import NOON, StoppedClock, repeatable_randomness

SCRIPT = Path(__file__).parents[3] / "docs" / "verify_evidence.py"
ADDRESS = "198.51.100.77"


def written(extract: AuditExtract) -> bytes:
    file = {
        "document": json.loads(extract.document),
        "signature": extract.signature,
        "public_key": extract.public_key,
    }
    return json.dumps(file, indent=2).encode()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, bytes]:
    """A completed rotation that a caller with an address stood against, without its address and with it."""
    profile = Profile("test", tmp_path_factory.mktemp("evidence") / "vault", Actor("ada", "bastion-2"))
    clock = StoppedClock()
    vault = LocalVault.open(profile, clock=clock, randomness=repeatable_randomness())
    feed = LocalFeed.open(profile, clock)
    key_id = vault.create(KeyDraft("checkout-api", "production"), "create").key.id
    other = vault.create(KeyDraft("other-key", "production"), "other").key.id
    feed.register("r", "api-1", "host", 1)
    caller = Caller.undeclared(ADDRESS, "curl/8")
    feed.record(Flush("r", 1, clock(), (Use(key_id, 1, caller, NOON, NOON, NOON, 5),)))
    rotation = vault.plan(key_id, Plan(), "plan")
    vault.disable(other, "between its entries")
    vault.prove(rotation.id, vault.issue(rotation.id).secret)
    clock.advance(timedelta(hours=1))
    vault.retire(rotation.id, "nobody uses it")
    vault.complete(rotation.id, "nobody misses it")
    files = {kept: written(vault.audit_extract(key_id, with_addresses=kept)) for kept in (False, True)}
    feed.close()
    vault.close()
    return files


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module: as it stands, compiled here."""
    module = ModuleType("verify_evidence")
    module.__dict__["__file__"] = str(SCRIPT)
    exec(compile(SCRIPT.read_text(encoding="utf-8"), SCRIPT, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return module


def run(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As an auditor runs it: with the standard library and nothing else."""
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(path), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("with_addresses", [False, True])
def test_an_untouched_file_holds_and_says_what_it_proves(
    story: dict[bool, bytes], tmp_path: Path, with_addresses: bool
) -> None:
    path = tmp_path / "evidence.json"
    path.write_bytes(story[with_addresses])
    ran = run(path, "--key", json.loads(story[with_addresses])["public_key"])
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "HOLDS: rotation #1 of checkout-api (production), completed" in ran.stdout
    assert "rotation.retired by ada@bastion-2: NOT_SAFE, overridden" in ran.stdout
    assert (ADDRESS in ran.stdout) is with_addresses
    assert ("an address was left out" in ran.stdout) is not with_addresses


def test_addresses_and_other_keys_are_left_out(story: dict[bool, bytes]) -> None:
    assert ADDRESS.encode() in story[True]
    assert ADDRESS.encode() not in story[False]
    assert b"other-key" not in story[True]


def test_another_key_than_the_vaults_is_found(story: dict[bool, bytes], tmp_path: Path) -> None:
    """Whoever signs a forged file with a key of their own has not the vault's."""
    file = json.loads(story[True])
    expected = file["public_key"]
    forger = Ed25519PrivateKey.generate()
    file["document"]["rotation"]["note"] = "all was well"
    text = json.dumps(file["document"], sort_keys=True, separators=(",", ":"))
    file["signature"] = forger.sign(f"keytui evidence {text}".encode()).hex()
    file["public_key"] = forger.public_key().public_bytes_raw().hex()
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(file), encoding="utf-8")
    assert run(path, "--key", expected).returncode == 1
    assert "not signed with the vault's key" in run(path).stdout  # the log's own signatures are another's


@given(place=st.floats(0, 1, exclude_max=True), new=st.binary(min_size=0, max_size=2))
@settings(max_examples=150, deadline=None)
def test_every_change_of_what_the_file_says_is_found(
    story: dict[bool, bytes], script: ModuleType, tmp_path_factory: pytest.TempPathFactory, place: float, new: bytes
) -> None:
    whole = story[True]
    at = int(place * len(whole))
    changed = whole[:at] + new + whole[at + 1 :]
    path = tmp_path_factory.getbasetemp() / "changed.json"
    path.write_bytes(changed)
    assert held(script, path) is says_the_same(whole, changed)


def test_every_character_of_the_entries_counts(story: dict[bool, bytes], script: ModuleType, tmp_path: Path) -> None:
    """Without the document's signature the entries' own hashes and checkpoints would find it, too."""
    document = json.loads(story[True])["document"]
    key = bytes.fromhex(json.loads(story[True])["public_key"])
    script.check_entries(document["entries"])
    chosen = random.Random(1)  # noqa: S311  # the same in every run
    for entry in document["entries"]:
        for field in ("at", "actor", "type", "key_id", "key_name", "previous", "hash"):
            place = chosen.randrange(len(entry[field]))
            spoiled = {**entry, field: entry[field][:place] + "~" + entry[field][place + 1 :]}
            with pytest.raises(script.Broken):
                script.check_entries([spoiled])
    assert any(script.check_checkpoint(one, key, document["entries"]) for one in document["checkpoints"])


def test_the_scripts_signatures_are_those_of_the_library(script: ModuleType) -> None:
    chosen = random.Random(2)  # noqa: S311  # the same in every run
    for length in (0, 1, 64, 1000):
        key = Ed25519PrivateKey.from_private_bytes(chosen.randbytes(32))
        public, text = key.public_key().public_bytes_raw(), chosen.randbytes(length)
        signature = key.sign(text)
        assert script.is_signed(public, text, signature)
        assert not script.is_signed(public, text + b"x", signature)
        assert not script.is_signed(public, text, signature[:-1])
        assert not script.is_signed(public, text, bytes([signature[0] ^ 1]) + signature[1:])
        malleable = int.from_bytes(signature[32:], "little") + script.ORDER
        assert not script.is_signed(public, text, signature[:32] + malleable.to_bytes(32, "little"))


def held(script: ModuleType, path: Path) -> bool:
    try:
        document, public_key = script.check_document(script.read(str(path)), "")
        script.check_entries(document["entries"])
        for one in (*document["checkpoints"], document["head"]):
            script.check_checkpoint(one, public_key, document["entries"])
    except (script.Broken, KeyError, TypeError, ValueError, AttributeError):
        return False
    return True


def says_the_same(whole: bytes, changed: bytes) -> bool:
    """Blanks between words say nothing."""
    try:
        same: bool = json.loads(whole) == json.loads(changed)
    except ValueError:
        return False
    return same


def test_the_approval_that_a_rotation_waited_for_is_told(vault: LocalVault) -> None:
    key_id = vault.create(KeyDraft("checkout-api", "production", sensitive=True), "create").key.id
    bob, carol = (
        vault.acting_as(Principal(Actor(name, "10.0.0.7"), Role.SUPER_ADMIN, operator_id=name))
        for name in ("bob", "carol")
    )
    with pytest.raises(ApprovalNeeded) as waiting:
        bob.plan(key_id, Plan(), "plan")
    carol.approve(waiting.value.approval_id, "as agreed")
    bob.plan(key_id, Plan(), "plan")

    told = json.loads(vault.audit_extract(key_id).document)["approvals"]
    assert [(each["what"], each["by"]) for each in told] == [
        ("approval.requested", "bob@10.0.0.7"),
        ("approval.approved", "carol@10.0.0.7"),
        ("approval.used", "bob@10.0.0.7"),
    ]
