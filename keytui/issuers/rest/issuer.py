"""The issuer that a description makes of a platform's API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

from keytui.domain.errors import KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.json_pointers import at
from keytui.domain.keys import Key, VersionState
from keytui.domain.secrets import Randomness, Secret, is_weak
from keytui.issuers.issuer import LONGEST_CHANGE, Abilities, Listed, Mark, NewVersion
from keytui.issuers.rest.composing import Scopes, asked, creation, label_of, scopes_for
from keytui.issuers.rest.description import Call, Description, Making
from keytui.issuers.rest.documents import parsed, text_at
from keytui.issuers.rest.exchange import Answer, unknown, within
from keytui.issuers.rest.line import Line
from keytui.issuers.rest.listing import Item, items

_TAKES_NO_MORE: Final = (VersionState.SUSPENDED, VersionState.REVOKED)


def _new_tag() -> str:
    return token_hex(4)


@dataclass(frozen=True, slots=True)
class RestIssuer:
    """Asks a platform as its description says. Whatever it changes it looks up first, and reads back."""

    name: str
    description: Description
    line: Line = field(repr=False, compare=False)
    tag: Callable[[], str] = field(default=_new_tag, repr=False, compare=False)
    """What tells a key that we made from all others; the same twice would mix two up."""

    @property
    def abilities(self) -> Abilities:
        description = self.description
        return Abilities(
            lists=True,
            issues=bool(description.create or description.rotate),
            takes_our_value=description.format is not None,
            overlaps=description.create is not None,
            suspends=bool(description.suspend and description.restore),
            tells_last_use=bool(description.listing.last_used),
            holds_metadata=bool(description.listing.label),
            keeps_plaintext=description.keeps_plaintext,
        )

    def rehearse(self) -> tuple[str, ...]:
        next(items(self.line, self.description), None)
        plaintext = (f"{self.name} keeps every key in plain text",) if self.description.keeps_plaintext else ()
        return (*plaintext, *self.description.notes)

    def versions(self) -> Iterator[Listed]:
        return (item.listed for item in items(self.line, self.description))

    def look_up(self, mark: Mark) -> Listed | None:
        with within(LONGEST_CHANGE):
            item = self._item(mark)
        return item.listed if item else None

    def fallbacks(self, _mark: Mark) -> tuple[str, ...]:
        return ()

    def new_value(self, randomness: Randomness) -> Secret:
        if self.description.format is None:
            raise self._cannot("take a value of ours")
        return self.description.format.mint(randomness)

    def issue(self, key: Key, value: Secret | None, like: Mark | None) -> NewVersion:
        """OutcomeUnknown names the label to look for, where the value of the lost answer was the platform's to make."""
        with within(LONGEST_CHANGE):
            return self._issue(key, value, like, self.tag())

    @property
    def writes_tags(self) -> bool:
        making = self.description.create
        ours = self.abilities.takes_our_value or not self.description.listing.label
        return making is not None and making.tagged and not ours

    def issue_tagged(self, key: Key, like: Mark | None, tag: str) -> NewVersion:
        with within(LONGEST_CHANGE):
            return self._issue(key, None, like, tag)

    def look_up_tag(self, tag: str) -> Listed | None:
        with within(LONGEST_CHANGE):
            tagged = (item.listed for item in items(self.line, self.description) if tag in item.listed.label)
            return next(tagged, None)

    def suspend(self, mark: Mark) -> None:
        self._change("suspend", mark, _TAKES_NO_MORE, _calls(self.description.suspend))

    def restore(self, mark: Mark) -> None:
        self._change("restore", mark, (VersionState.ACTIVE,), _calls(self.description.restore))

    def revoke(self, mark: Mark) -> None:
        self._change("revoke", mark, (VersionState.REVOKED,), self.description.revoke)

    def _issue(self, key: Key, value: Secret | None, like: Mark | None, tag: str) -> NewVersion:
        if value is not None and not self.abilities.takes_our_value:
            raise self._cannot("take a value of ours")
        mine = Mark(value.digest(), value.prefix()) if value else None
        twin, model = self._twin_and_model(mine, like)
        making = self.description.create
        if making is not None:
            scopes = scopes_for(making, key, model)
            if twin is not None and value is not None:
                return self._with_scopes(self._issued_before(NewVersion(twin.listed, value)), scopes)
            made = self._create(making, key, value, label_of(making, key, model, tag), model)
            return self._with_scopes(made, scopes)
        if self.description.rotate is None or like is None:
            raise self._cannot("issue a key's first version" if self.description.rotate else "issue")
        if model is None or not model.matches(like):
            raise self._not_found(like)
        return self._rotate(self.description.rotate, model)

    def _item(self, mark: Mark) -> Item | None:
        return next((item for item in items(self.line, self.description) if item.matches(mark)), None)

    def _twin_and_model(self, mine: Mark | None, like: Mark | None) -> tuple[Item | None, Item | None]:
        """What has our value already, and what a new key shall be like, from one walk through the list.

        One whose value has gone since is as good a model: in an emergency it was revoked before this.
        """
        twin = model = None
        for item in items(self.line, self.description):
            if mine is not None and item.matches(mine):
                twin = item
            if like is not None and (item.matches(like) or item.listed.mark.reference == like.reference):
                model = item
        return twin, model

    def _create(self, making: Making, key: Key, value: Secret | None, label: str, like: Item | None) -> NewVersion:
        if value is None and making.returns is None:
            raise self._cannot("tell a value that it makes itself")
        try:
            answer = self.line.told(creation(making, key, value, label, like))
            reference = text_at(parsed(answer.body), making.id)
            if value is not None and not _repeats(answer, making.returns, value):
                return self._found(making, reference, value, label)
            return self._made(answer, making.returns, reference, label)
        except OutcomeUnknown as lost:
            raise lost if value is not None else self._after_lost(lost, making, label) from None

    def _found(self, making: Making, reference: str, value: Secret, label: str) -> NewVersion:
        """A value of ours that the answer does not repeat, as the list has it. OutcomeUnknown where it has not."""
        mark = Mark(value.digest(), value.prefix(), reference)
        item = self._newest(making, mark, label)
        if item is None:
            raise unknown(
                f"{self.line.whose} says yes, and lists no {reference or 'new key'}: it may have made nothing",
                f"look for a key labelled {label!r} there; create.id and .returns say where its answer has the two",
            )
        found = item.listed.mark.reference
        if not item.matches(Mark(mark.digest, mark.prefix, found)):
            raise unknown(
                f"{self.line.whose} has made a value of its own, as {found}, instead of ours",
                f"revoke {found} there; create.put is wrong about where our value goes",
            )
        if making.returns is not None:
            raise unknown(
                f"{self.line.whose} has made {found}, and its answer has something else than our value",
                "correct create.returns, or leave it out: the list is asked then",
            )
        return NewVersion(item.listed, value)

    def _newest(self, making: Making, mark: Mark, label: str) -> Item | None:
        """What was made, whatever its value: by the id that the answer names, else by our value or our tag."""
        try:
            for item in items(self.line, self.description):
                named = item.listed.mark.reference == mark.reference
                if named or (not mark.reference and (item.matches(mark) or _is_tagged(making, item, label))):
                    return item
        except KeytuiError as error:
            raise unknown(f"{self.line.whose} said yes, and then: {error.message}") from None
        return None

    def _with_scopes(self, made: NewVersion, scopes: Scopes | None) -> NewVersion:
        """It, if the list tells the scopes that it shall have; otherwise it is revoked again, as it may do too much."""
        if scopes is None or not self.description.listing.scopes or set(made.listed.scopes) == set(scopes):
            return made
        listed = self._as_listed(made.listed.mark)
        if listed is None or set(listed.scopes) == set(scopes):  # it was not listed yet, and may not be now
            return NewVersion(listed or made.listed, made.secret)
        reference = listed.mark.reference
        wrong = f"{self.line.whose} has made {reference} with {_named(listed.scopes)} instead of {_named(scopes)}"
        try:
            self.revoke(listed.mark)
        except KeytuiError as error:
            raise unknown(f"{wrong}, which is not revoked: {error.message}", f"revoke {reference} there") from None
        raise Refused(f"{wrong}; it is revoked again", "correct create.put or create.copy: both say where scopes go")

    def _issued_before(self, version: NewVersion) -> NewVersion:
        """A version whose answer was lost, and that is there."""
        if version.listed.state is not VersionState.ACTIVE:
            raise Refused(
                f"{self.line.whose} has {version.listed.mark.reference} with this value, {version.listed.state}",
                "issue another value",
            )
        return version

    def _rotate(self, making: Making, like: Item) -> NewVersion:
        reference = like.listed.mark.reference
        try:
            answer = self.line.told(asked(making.call, reference))
            return self._made(answer, making.returns, reference, like.listed.label)
        except OutcomeUnknown as lost:
            raise unknown(lost.message, "nobody has what it may have made, and rotating it again ends that") from None

    def _made(self, answer: Answer, returns: str | None, reference: str, label: str) -> NewVersion:
        """What the answer says that it made. OutcomeUnknown where there is no value in it."""
        told = None if returns is None else at(parsed(answer.body), returns)
        if not isinstance(told, str) or not told or not reference:
            raise unknown(f"{self.line.whose} says yes, and nothing in its answer is a new key")
        secret = Secret(told)
        mark = Mark("", "" if is_weak(secret) else secret.prefix(), reference)
        return NewVersion(self._as_listed(mark) or Listed(mark, label, VersionState.ACTIVE), secret)

    def _as_listed(self, mark: Mark) -> Listed | None:
        """As the platform lists it. That it was made is known already: what goes wrong here is no loss."""
        try:
            return self.look_up(mark)
        except KeytuiError:
            return None

    def _after_lost(self, lost: OutcomeUnknown, making: Making, label: str) -> KeytuiError:
        """What is known of a key that may have been made, with a value of the platform's that nobody has now."""
        hint = f"look for a key labelled {label!r} there and revoke it: nobody has its secret"
        if making.tagged and self.description.revoke is not None:
            try:
                found = next((item for item in items(self.line, self.description) if item.listed.label == label), None)
                if found is not None:
                    self.revoke(found.listed.mark)
                    return Unreachable(f"{lost.message}; what it had made is revoked again", "ask again")
            except KeytuiError:
                pass  # the first error is the one to tell
        return OutcomeUnknown(lost.message, hint)

    def _change(self, verb: str, mark: Mark, until: tuple[VersionState, ...], calls: tuple[Call, ...]) -> None:
        if not calls:
            raise self._cannot(verb)
        with within(LONGEST_CHANGE):
            self._change_in_time(verb, mark, until, calls)

    def _change_in_time(self, verb: str, mark: Mark, until: tuple[VersionState, ...], calls: tuple[Call, ...]) -> None:
        item = self._item(mark)
        if item is None:
            raise self._not_found(mark)
        *first, last = calls
        if item.listed.state in until and not first:
            return
        if item.listed.state is VersionState.REVOKED and verb != "revoke":
            raise Refused(f"{self.line.whose} has revoked it, which is final", "issue a new one")
        failed = [error for call in first if (error := self._tried(call, item.listed.mark.reference, mark)) is not None]
        if not self._carry_out(last, item.listed.mark.reference, mark):
            if verb == "revoke":
                return
            raise self._not_found(mark)
        stands = self._read_back(verb, mark)
        if failed and stands is not None:
            raise self._half_done(failed[0])

    def _tried(self, call: Call, reference: str, mark: Mark) -> KeytuiError | None:
        """What went wrong with a call that another follows whatever comes of it."""
        try:
            self._carry_out(call, reference, mark)
        except KeytuiError as error:
            return error
        return None

    def _half_done(self, error: KeytuiError) -> OutcomeUnknown:
        """It is refused, and its value stands there still, because what goes before did not take effect."""
        return unknown(
            f"{self.line.whose} refuses it now, and can be made to accept it again there: {error.message}",
            "until that call succeeds it is not revoked; where it never does, describe another as revoke.first",
        )

    def _carry_out(self, call: Call, reference: str, mark: Mark) -> bool:
        """Ask for one change; false when the platform has no such key any more."""
        question = asked(call, reference)
        answer = self.line.ask(question)
        if answer.status in self.description.unknown_id and self._gone(mark):
            return False
        self.line.judge(question, answer)
        return True

    def _gone(self, mark: Mark) -> bool:
        """Whether it is known to be gone."""
        try:
            return self._item(mark) is None
        except KeytuiError:
            return False

    def _read_back(self, verb: str, mark: Mark) -> Item | None:
        """That it did what it said, and how it stands now. A platform's word is not enough: some say yes and do
        nothing.
        """
        try:
            item = self._item(mark)
        except KeytuiError as error:
            raise unknown(f"{self.line.whose} said yes to {verb}, and then: {error.message}") from None
        if not self._holds(verb, item):
            raise Refused(
                f"{self.line.whose} said yes to {verb}, and lists it as {item.listed.state if item else 'gone'}",
                "ask with the secret what is true",
            )
        return item

    def _holds(self, verb: str, item: Item | None) -> bool:
        """Whether that is how it stands after the verb. A list that can say `revoked` has to: else it can come back."""
        state = item.listed.state if item is not None else VersionState.REVOKED
        if verb == "revoke" and self.description.listing.revoked is not None:
            return state is VersionState.REVOKED
        return (state is VersionState.ACTIVE) is (verb == "restore")

    def _cannot(self, what: str) -> Refused:
        return Refused(f"{self.line.whose} cannot {what}", "do it by hand there; its description names no such call")

    def _not_found(self, mark: Mark) -> NotFound:
        return NotFound(
            f"{self.line.whose} has no {mark.reference or mark.prefix or 'such key'} with this value",
            "keytui sync shows what it has",
        )


def _repeats(answer: Answer, returns: str | None, value: Secret) -> bool:
    """Whether the answer has our value where it should."""
    return returns is not None and at(parsed(answer.body), returns) == value.reveal()


def _is_tagged(making: Making, item: Item, label: str) -> bool:
    return making.tagged and item.listed.label == label


def _named(scopes: Scopes) -> str:
    return f"the scopes {', '.join(scopes)}" if scopes else "no scopes"


def _calls(call: Call | None) -> tuple[Call, ...]:
    return (call,) if call else ()
