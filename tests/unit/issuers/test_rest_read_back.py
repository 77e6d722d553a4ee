"""What a platform made or ended is not what was asked for: a platform that is described over a double of one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keytui.domain.errors import OutcomeUnknown, Refused
from keytui.domain.keys import VersionState
from keytui.domain.secrets import Secret
from keytui.issuers.rest.issuer import RestIssuer
from tests.doubles.http import Double, Heard, Json, Said
from tests.doubles.served import Stage
from tests.unit.issuers.described import KEY, STANDING, described, mark_of

NEW = Secret("tk_" + "n3w0" * 8)
LIST = {
    "path": "/keys",
    "items": "/rows",
    "id": "/id",
    "label": "/name",
    "prefix": "/hint",
    "scopes": "/perm",
    "suspended": {"at": "/enabled", "is": False},
    "revoked": {"at": "/gone", "is": True},
}
CREATE = {
    "method": "POST",
    "path": "/keys",
    "id": "/id",
    "label": "{name} {tag}",
    "put": {"/name": "label", "/secret": "value", "/perm": "scopes"},
}
CALLS = {
    "suspend": {"method": "PATCH", "path": "/keys/{id}", "body": {"enabled": False}},
    "restore": {"method": "PATCH", "path": "/keys/{id}", "body": {"enabled": True}},
    "revoke": {"method": "PATCH", "path": "/keys/{id}", "body": {"gone": True}},
}


class Gate(Double):
    """Keys by id, without scopes may do everything, and do not repeat a value. `makes` lays over what it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, Json] = {}
        self.makes: Json | None = {}
        self.deaf: tuple[str, ...] = ()
        """The fields that a PATCH says yes to and leaves."""
        self.answers: Json = {}

    def add(self, name: object, secret: str, perm: object) -> str:
        id_ = f"k-{len(self.rows)}"
        self.rows[id_] = {
            "id": id_,
            "name": name,
            "hint": secret[:12],
            "perm": perm,
            "enabled": True,
            "gone": False,
        }
        return id_

    def answer(self, heard: Heard) -> Said:
        if heard.method == "GET":
            return Said(200, {"rows": list(self.rows.values())})
        if heard.method == "PATCH":
            row = self.rows[heard.path.rpartition("/")[2]]
            row.update({name: value for name, value in heard.body.items() if name not in self.deaf})
            return Said(200, {})
        if self.makes is None:
            return Said(200, {"id": "k-999", **self.answers})
        id_ = self.add(heard.body["name"], str(heard.body["secret"]), heard.body.get("perm"))
        self.rows[id_] |= self.makes
        return Said(201, {"id": id_, **self.answers})


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def entry(gate: Gate, stage: Stage) -> dict[str, object]:
    return {"url": stage.serve(gate), "list": LIST, "create": CREATE, "format": "tk", **CALLS}


@pytest.fixture
def issuer(entry: dict[str, object]) -> RestIssuer:
    return described(entry, {})


def test_a_new_key_has_the_scopes_that_the_list_tells_where_nothing_is_copied(gate: Gate, issuer: RestIssuer) -> None:
    """Without any it would do everything there."""
    old = mark_of(STANDING, gate.add("checkout", STANDING.reveal(), ["read", "quote"]))
    made = issuer.issue(replace(KEY, scopes=("read", "quote", "write")), NEW, old)
    assert gate.rows[made.listed.mark.reference]["perm"] == ["read", "quote"]
    assert made.listed.scopes == ("read", "quote")


def test_a_new_key_has_the_scopes_that_keytui_knows_where_the_list_tells_none(
    gate: Gate, entry: dict[str, object]
) -> None:
    issuer = described({**entry, "list": {name: told for name, told in LIST.items() if name != "scopes"}}, {})
    old = mark_of(STANDING, gate.add("checkout", STANDING.reveal(), ["read"]))
    made = issuer.issue(replace(KEY, scopes=("read",)), NEW, old)
    assert gate.rows[made.listed.mark.reference]["perm"] == ["read"]


@pytest.mark.parametrize("stands", ["read", []])
def test_what_is_copied_to_where_scopes_go_is_not_written_over(
    gate: Gate, entry: dict[str, object], stands: object
) -> None:
    issuer = described({**entry, "create": {**CREATE, "copy": {"/perm": "/perm"}}}, {})
    old = mark_of(STANDING, gate.add("checkout", STANDING.reveal(), stands))
    made = issuer.issue(replace(KEY, scopes=("write",)), NEW, old)
    assert gate.rows[made.listed.mark.reference]["perm"] == stands


def test_where_nothing_is_there_to_copy_and_nothing_known_nothing_is_said(gate: Gate, entry: dict[str, object]) -> None:
    issuer = described({**entry, "create": {**CREATE, "copy": {"/perm": "/perm"}}}, {})
    issuer.issue(KEY, NEW, mark_of(STANDING, gate.add("checkout", STANDING.reveal(), None)))
    (asked,) = [heard.body for heard in gate.heard if heard.method == "POST"]
    assert "perm" not in asked


def test_where_nothing_is_there_to_copy_the_scopes_that_are_known_go_there(
    gate: Gate, entry: dict[str, object]
) -> None:
    issuer = described({**entry, "create": {**CREATE, "copy": {"/perm": "/level"}}}, {})
    old = mark_of(STANDING, gate.add("checkout", STANDING.reveal(), ["read"]))
    made = issuer.issue(KEY, NEW, old)
    assert gate.rows[made.listed.mark.reference]["perm"] == ["read"]


@pytest.mark.parametrize("told", [["read", "write"], [], None])
def test_a_key_that_was_made_with_other_scopes_is_revoked_again(gate: Gate, issuer: RestIssuer, told: object) -> None:
    gate.makes = {"perm": told}
    old = mark_of(STANDING, gate.add("checkout", STANDING.reveal(), ["read"]))
    with pytest.raises(Refused, match=r"has made k-1 with .* instead of the scopes read; it is revoked again"):
        issuer.issue(KEY, NEW, old)
    assert (gate.rows["k-1"]["gone"], gate.rows["k-0"]["gone"]) == (True, False)


def test_a_first_key_has_the_scopes_that_were_asked_for_or_is_revoked_again(gate: Gate, issuer: RestIssuer) -> None:
    gate.makes = {"perm": None}
    with pytest.raises(Refused, match=r"with no scopes instead of the scopes read; it is revoked again"):
        issuer.issue(replace(KEY, scopes=("read",)), NEW, None)
    assert gate.rows["k-0"]["gone"] is True


def test_the_order_of_scopes_is_the_platforms_and_so_is_what_nobody_asked_for(gate: Gate, issuer: RestIssuer) -> None:
    gate.makes = {"perm": ["write", "read"]}
    assert issuer.issue(replace(KEY, scopes=("read", "write")), NEW, None).secret == NEW
    assert issuer.issue(KEY, Secret("tk_" + "s3c0" * 8), None).listed.scopes == ("write", "read")


def test_a_key_with_other_scopes_that_cannot_be_revoked_is_named(gate: Gate, issuer: RestIssuer) -> None:
    """Also when it is found again by its value: it is no more right then."""
    gate.makes, gate.deaf = {"perm": ["write"]}, ("gone",)
    old = mark_of(STANDING, gate.add("checkout", STANDING.reveal(), ["read"]))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match=r"k-1 with the scopes write .*, which is not revoked") as said:
            issuer.issue(KEY, NEW, old)
        assert said.value.hint == "revoke k-1 there"
    assert len(gate.rows) == 2


@pytest.mark.parametrize("before", [VersionState.ACTIVE, VersionState.SUSPENDED])
def test_a_revocation_that_was_not_carried_out_is_told_whatever_stood_before(
    gate: Gate, issuer: RestIssuer, before: VersionState
) -> None:
    mark = mark_of(STANDING, gate.add("checkout", STANDING.reveal(), []))
    if before is VersionState.SUSPENDED:
        issuer.suspend(mark)
    gate.deaf = ("gone",)
    with pytest.raises(Refused, match=f"said yes to revoke, and lists it as {before}"):
        issuer.revoke(mark)
    gate.deaf = ()
    issuer.revoke(mark)
    found = issuer.look_up(mark)
    assert found is not None
    assert found.state is VersionState.REVOKED


def test_where_the_list_cannot_say_revoked_what_is_refused_counts(gate: Gate, entry: dict[str, object]) -> None:
    issuer = described({**entry, "list": {name: told for name, told in LIST.items() if name != "revoked"}}, {})
    mark = mark_of(STANDING, gate.add("checkout", STANDING.reveal(), []))
    with pytest.raises(Refused, match="said yes to revoke, and lists it as active"):
        issuer.revoke(mark)
    issuer.suspend(mark)
    issuer.revoke(mark)


@pytest.mark.parametrize("has_id", [True, False])
def test_a_value_of_ours_that_the_answer_does_not_repeat_is_looked_up(
    gate: Gate, issuer: RestIssuer, has_id: bool
) -> None:
    if not has_id:
        gate.answers = {"id": None}
    made = issuer.issue(KEY, NEW, None)
    assert (made.secret, made.listed.mark.reference, made.listed.mark.prefix) == (NEW, "k-0", NEW.prefix())
    assert issuer.issue(KEY, NEW, None) == made
    assert len(gate.rows) == 1


def test_a_key_is_found_by_its_label_where_the_list_tells_too_little_of_its_value(
    gate: Gate, issuer: RestIssuer
) -> None:
    gate.makes, gate.answers = {"hint": "tk_n…"}, {"id": None}
    gate.add("checkout", "tk_n…", [])
    assert issuer.issue(KEY, NEW, None).listed.mark.reference == "k-1"


def test_a_value_that_the_answer_does_not_tell_has_to_be_ours(gate: Gate, issuer: RestIssuer) -> None:
    with pytest.raises(Refused, match="cannot tell a value that it makes itself"):
        issuer.issue(KEY, None, None)
    assert gate.changes() == []


@pytest.mark.parametrize("returns", [{}, {"returns": "/id"}])
def test_a_platform_that_made_nothing_is_told_as_that(
    gate: Gate, entry: dict[str, object], returns: dict[str, str]
) -> None:
    gate.makes = None
    with pytest.raises(OutcomeUnknown, match="says yes, and lists no k-999: it may have made nothing") as said:
        described({**entry, "create": {**CREATE, **returns}}, {}).issue(KEY, NEW, None)
    assert "create.put" not in said.value.hint
    assert NEW.reveal() not in f"{said.value} {said.value.hint}"


def test_a_value_of_the_platforms_own_is_told_as_that(gate: Gate, issuer: RestIssuer) -> None:
    gate.makes = {"hint": "gate_0wn0wn0"}
    with pytest.raises(OutcomeUnknown, match="has made a value of its own, as k-0, instead of ours") as said:
        issuer.issue(KEY, NEW, None)
    assert "create.put is wrong" in said.value.hint


def test_a_pointer_to_something_else_than_our_value_is_told_as_that(gate: Gate, entry: dict[str, object]) -> None:
    issuer = described({**entry, "create": {**CREATE, "returns": "/id"}}, {})
    with pytest.raises(OutcomeUnknown, match="has made k-0, and its answer has something else") as said:
        issuer.issue(KEY, NEW, None)
    assert "correct create.returns" in said.value.hint


@pytest.mark.parametrize(
    ("wanted", "refuses"),
    [
        (False, (False,)),
        ("false", (False, "false")),
        (0, (0, 0.0)),
        (1, (1, 1.0)),
        ("1", (1, "1")),
        ("off", ("off",)),
    ],
)
def test_a_condition_is_of_what_json_means(
    gate: Gate, entry: dict[str, object], wanted: object, refuses: tuple[object, ...]
) -> None:
    issuer = described({**entry, "list": {**LIST, "suspended": {"at": "/enabled", "is": wanted}}}, {})
    written: tuple[object, ...] = (False, True, "false", 0, 0.0, 1, 1.0, "1", "off", None)
    for enabled in written:
        gate.rows[gate.add(str(len(gate.rows)), STANDING.reveal(), [])]["enabled"] = enabled
    found = [written[number] for number, one in enumerate(issuer.versions()) if one.state is VersionState.SUSPENDED]
    assert [repr(one) for one in found] == [repr(one) for one in refuses]
