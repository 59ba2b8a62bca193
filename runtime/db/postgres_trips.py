"""Trips: what goes to a PostgreSQL server in one round trip, and what came back of it.

A statement is parsed there once, under its name, in the trip that first needs it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from psycopg import pq

from runtime.db.postgres_pipeline import (
    GOOD,
    Bytes,
    Connection,
    Message,
    Plain,
    Prepare,
    Prepared,
    Repeated,
    check,
)
from runtime.db.postgres_texts import Statement

Call: TypeAlias = tuple[str, Sequence[bytes], Sequence[int]]
"""A statement's name and its values for the server, with their formats."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a transaction begins."""

    begin: bytes
    settings: Sequence[bytes]
    """Where each transaction needs them."""
    moment: str
    """The query that asks for the server's time, and whatever else is to be known of the transaction."""
    heard: Callable[[pq.abc.PGresult], None]
    """Told the answer."""


class Trip(NamedTuple):
    """What goes to the server in one round trip."""

    messages: Sequence[Message]
    digest: Callable[[Sequence[pq.abc.PGresult]], Sequence[pq.abc.PGresult]]
    """Takes what came back: the results of its calls, or raises the error of the first that failed."""


class Trips:
    """Makes the trips of one connection, and knows what has been parsed there.

    Args:
        prepared: False behind a pooler, which gives each transaction another connection.
    """

    __slots__ = ("_prepared", "_server", "connection", "statements")

    def __init__(
        self, connection: Connection, statements: Mapping[str, Statement], *, prepared: bool
    ) -> None:
        self.connection = connection
        self.statements = statements
        self._server = connection.pgconn
        self._prepared: set[str] | None = set() if prepared else None

    def plan(
        self,
        opening: Opening | None,
        calls: Sequence[Call],
        last: Sequence[Plain] = (),
        afterwards: Repeated | None = None,
    ) -> Trip:
        """What begins the transaction, the calls, `last`, which gives no rows, and what nobody hears of."""
        before = list[Message]()
        if opening is not None:
            before = [Plain(text) for text in (opening.begin, *opening.settings)]
            calls = [(opening.moment, (), ()), *calls]
        texts = {name: self.statements[name].text for name, *_ in calls}
        ready = [self._message(name, texts[name], values, formats) for name, values, formats in calls]
        unheard = []
        if afterwards is not None:
            name, text, told = afterwards
            texts[name] = text
            unheard = [self._message(name, text, told, [0] * len(told))]
        # After BEGIN: a statement parsed before it would have chosen the snapshot.
        fresh = self._unprepared(texts)
        prepares = [Prepare(name.encode(), texts[name]) for name in fresh]
        began, parsed = len(before), len(before) + len(fresh)

        def digest(results: Sequence[pq.abc.PGresult]) -> Sequence[pq.abc.PGresult]:
            if self._prepared is not None:
                parses = zip(fresh, results[began:], strict=False)
                self._prepared.update(name for name, result in parses if result.status in GOOD)
            if opening is not None:
                for result in results[: parsed + 1]:
                    check(result, self.connection)
                opening.heard(results[parsed])
            for result in results[: parsed + len(calls) + 1]:  # with COMMIT
                check(result, self.connection)
            return results[parsed + (opening is not None) : parsed + len(calls)]

        return Trip([*before, *prepares, *ready, *last, *unheard], digest)

    def alone(self, call: Call) -> pq.abc.PGresult:
        """The result of one call, amid a transaction: a trip without a pipeline."""
        name, values, formats = call
        text, server = self.statements[name].text, self._server
        if self._prepared is None:
            result = server.exec_params(text, values, param_formats=formats)
        else:
            if name not in self._prepared:
                check(server.prepare(name.encode(), text), self.connection)
                self._prepared.add(name)
            result = server.exec_prepared(name.encode(), values, param_formats=formats)
        return check(result, self.connection)

    def _message(self, name: str, text: bytes, values: Bytes, formats: Sequence[int]) -> Plain | Prepared:
        if self._prepared is None:
            return Plain(text, values, formats)
        return Prepared(name.encode(), values, formats)

    def _unprepared(self, names: Iterable[str]) -> list[str]:
        if self._prepared is None:
            return []
        return [name for name in names if name not in self._prepared]
