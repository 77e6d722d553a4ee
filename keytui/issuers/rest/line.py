"""The line to one platform: a question asked as ourselves, and an answer that is a yes."""

from __future__ import annotations

from keytui.domain.references import Resolve
from keytui.issuers.rest.answers import fault
from keytui.issuers.rest.description import Description
from keytui.issuers.rest.exchange import Answer, Exchange, Question
from keytui.issuers.rest.session import Session


class Line:
    """Safe to share between threads."""

    def __init__(self, name: str, description: Description, resolve: Resolve) -> None:
        exchange = Exchange(name, description.url, description.timeout)
        self.whose = exchange.whose
        self._errors = description.errors
        self._session = Session(description.access, exchange, resolve, description.errors)

    def ask(self, question: Question) -> Answer:
        """The answer, whatever its status."""
        return self._session.ask(question)

    def judge(self, question: Question, answer: Answer) -> None:
        """Raise what the answer's status means, if it is no yes."""
        wrong = fault(question, answer, self.whose, self._session.who, self._errors)
        if wrong is not None:
            raise wrong

    def told(self, question: Question) -> Answer:
        """The answer, which is a yes."""
        answer = self.ask(question)
        self.judge(question, answer)
        return answer
