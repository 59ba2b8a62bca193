"""Named statements on a PostgreSQL connection: translated once, prepared once, values sent as text.

The server infers the type of each parameter from where it stands, so a statement
is prepared once whatever is passed. Where that leaves it in doubt the SQL says CAST.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from psycopg import pq
from psycopg.adapt import Transformer

from runtime.db.base import Question, Statements, Value
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
    round_trip,
)
from runtime.db.postgres_texts import Statement
from runtime.db.postgres_values import array_literal, drawn_ids, encoded
from runtime.errors import DatabaseError


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


class _Foreseen(NamedTuple):
    """A statement that was run before the function came to it."""

    name: str
    values: list[Value]
    result: pq.abc.PGresult


class Trip(NamedTuple):
    """What goes to the server in one round trip."""

    messages: Sequence[Message]
    digest: Callable[[Sequence[pq.abc.PGresult]], Sequence[pq.abc.PGresult]]
    """Takes what came back: the results of its calls, or raises the error of the first that failed."""


class PostgresStatements(Statements):
    """Runs the named statements; used by one thread at a time.

    A transaction begins with its first statement, in the same round trip.

    Args:
        prepared: False behind a pooler, which gives each transaction another connection.
    """

    __slots__ = (
        "_connection", "_deferred", "_foreseen", "_ids", "_opening", "_prepared", "_server",
        "_statements", "_step",
    )  # fmt: skip

    def __init__(
        self, connection: Connection, statements: Mapping[str, Statement], *, prepared: bool
    ) -> None:
        self._connection = connection
        self._server = connection.pgconn
        self._statements = statements
        self._prepared: set[str] | None = set() if prepared else None
        self._opening: Opening | None = None
        self._foreseen: list[_Foreseen] = []
        self._deferred: list[tuple[str, Sequence[Value]]] | None = None
        self._ids: list[int] = []  # reserved and not used yet, the next one last
        self._step = 1

    def rows(self, name: str, parameters: Mapping[str, Value]) -> Sequence[tuple[Value, ...]]:
        """The rows of a query, all of them."""
        result = self._result(name, self._values(name, parameters))
        transformer = Transformer(self._connection)
        transformer.set_pgresult(result)
        return cast("list[tuple[Value, ...]]", transformer.load_rows(0, result.ntuples, tuple))

    def run(self, name: str, parameters: Mapping[str, Value]) -> int:
        """Run a statement; return how many rows it changed. An empty one does nothing."""
        if not self._statements[name].text:
            return 0
        return self._change(name, self._values(name, parameters))

    def many(self, name: str, rows: Sequence[Sequence[Value]]) -> int:
        """Run a statement once a row, or once for all where its parameters are arrays."""
        return sum(self._change(*call) for call in self._calls(name, rows))

    def foresee(self, *steps: Question) -> None:
        """Run all of them in one round trip; see `Statements.foresee`."""
        self._forget()
        calls = [(name, self._values(name, parameters)) for name, parameters in steps]
        results = self._together(calls)
        self._foreseen = [
            _Foreseen(name, values, result) for (name, values), result in zip(calls, results, strict=True)
        ]

    def begin(self, opening: Opening) -> None:
        """The next statement begins a transaction; what an earlier one left undone is nothing to it."""
        self._opening, self._foreseen, self._deferred = opening, [], None

    @property
    def begun(self) -> bool:
        """Whether the transaction has begun."""
        return self._opening is None

    def open(self) -> None:
        """Begin the transaction now."""
        if not self.begun:
            self._together([])

    def defer(self) -> None:
        """From now on put off what changes rows, until `commit`, where all goes in one round trip."""
        self._forget()
        self._deferred = []

    def commit(self, afterwards: Repeated | None = None) -> None:
        """Do what was put off, and COMMIT; where there was nothing to do, nothing.

        Args:
            afterwards: is run right after it, in the same round trip; nobody hears what becomes of it.

        Raises:
            psycopg.Error: one of them failed, so none was done; or the connection was lost.
            CheckViolation: a value that cannot be stored: nothing was done.
        """
        deferred, self._deferred = self._deferred or [], None
        if deferred or (self.begun and afterwards is not None):
            trip = self._trip(deferred, [_COMMIT], afterwards)
            trip.digest(round_trip(self._server, trip.messages))
        elif self.begun:
            check(self._server.exec_(_COMMIT.text), self._connection)

    def whole(
        self,
        opening: Opening,
        stores: Iterable[tuple[str, Sequence[Sequence[Value]]]],
        asks: Sequence[Question],
        afterwards: Repeated | None,
    ) -> Trip:
        """A transaction as one round trip, which somebody else makes.

        Args:
            stores: statements with rows, as of `many`; in this order.
            asks: what is asked before COMMIT; the last results are the answers.
            afterwards: see `commit`.

        Raises:
            CheckViolation: a value that cannot be stored.
        """
        self.begin(opening)
        calls = [call for name, rows in stores for call in self._calls(name, rows)]
        calls += [(name, self._values(name, parameters)) for name, parameters in asks]
        return self._trip(calls, [_COMMIT], afterwards)

    def reserve(self, number: int) -> Sequence[int]:
        """Draw job ids from the server's sequence, twice as many each time: what is left is for later."""
        if number > len(self._ids):
            wanted = max(number - len(self._ids), self._step)
            self._step = min(2 * self._step, _MOST_AHEAD)
            self._ids = [*reversed(drawn_ids(self._result("draw_job_ids", [wanted]))), *self._ids]
        return [self._ids.pop() for _ in range(number)]

    def forget_reserved(self) -> None:
        """Never use the ids that are reserved and not used yet."""
        self._ids.clear()
        self._step = 1

    def _calls(self, name: str, rows: Sequence[Sequence[Value]]) -> list[tuple[str, Sequence[Value]]]:
        """One for all rows where its parameters are arrays; else one a row, or where few have their own."""
        by_row = f"{name}_by_row"
        if len(rows) <= _FEW and by_row in self._statements:
            return [(by_row, row) for row in rows]
        if not rows or not self._statements[name].arrays:
            return [(name, row) for row in rows]
        return [(name, [array_literal(column) for column in zip(*rows, strict=True)])]

    def _values(self, name: str, parameters: Mapping[str, Value]) -> list[Value]:
        statement = self._statements[name]
        if statement.arrays:
            return [array_literal([parameters[parameter]]) for parameter in statement.names]
        return [parameters[parameter] for parameter in statement.names]

    def _change(self, name: str, values: Sequence[Value]) -> int:
        if self._deferred is None:
            return self._result(name, values).command_tuples or 0
        self._deferred.append((name, values))
        return 0

    def _result(self, name: str, values: Sequence[Value]) -> pq.abc.PGresult:
        """What a statement brings, or brought when it was foreseen."""
        for position, foreseen in enumerate(self._foreseen):
            if foreseen.name == name and foreseen.values == values:
                return self._foreseen.pop(position).result
        self._forget()
        return self._run(name, values)

    def _forget(self) -> None:
        """Answers from before a change are none.

        Raises:
            DatabaseError: a change was foreseen and not made: it has been made all the same.
        """
        for foreseen in self._foreseen:
            if foreseen.result.status == pq.ExecStatus.COMMAND_OK:
                raise DatabaseError(f"{foreseen.name} was foreseen, and something else was run")
        self._foreseen = []

    def _together(self, calls: Sequence[tuple[str, Sequence[Value]]]) -> Sequence[pq.abc.PGresult]:
        """Run them in one round trip, after what begins the transaction."""
        trip = self._trip(calls)
        return trip.digest(round_trip(self._server, trip.messages))

    def _trip(
        self,
        calls: Sequence[tuple[str, Sequence[Value]]],
        last: Sequence[Plain | Prepared] = (),
        afterwards: Repeated | None = None,
    ) -> Trip:
        """What begins the transaction, the calls, `last`, which gives no rows, and what nobody hears of."""
        opening, before = self._opening, list[Message]()
        if opening is not None:
            before = [Plain(text) for text in (opening.begin, *opening.settings)]
            calls = [(opening.moment, ()), *calls]
        texts = {name: self._statements[name].text for name, _ in calls}
        ready = [
            self._message(name, texts[name], *encoded(values)) for name, values in calls
        ]  # before anything is sent: it may fail
        if afterwards is not None:
            name, text, told = afterwards
            texts[name] = text
            last = [*last, self._message(name, text, told, [0] * len(told))]
        # After BEGIN: a statement parsed before it would have chosen the snapshot.
        fresh = self._unprepared(texts)
        self._opening = None
        prepares = [Prepare(name.encode(), texts[name]) for name in fresh]
        began, parsed = len(before), len(before) + len(fresh)

        def digest(results: Sequence[pq.abc.PGresult]) -> Sequence[pq.abc.PGresult]:
            if self._prepared is not None:
                parses = zip(fresh, results[began:], strict=False)
                self._prepared.update(name for name, result in parses if result.status in GOOD)
            if opening is not None:
                for result in results[: parsed + 1]:
                    check(result, self._connection)
                opening.heard(results[parsed])
            for result in results[: parsed + len(calls) + 1]:  # with COMMIT
                check(result, self._connection)
            return results[parsed + (opening is not None) : parsed + len(calls)]

        return Trip([*before, *prepares, *ready, *last], digest)

    def _message(self, name: str, text: bytes, values: Bytes, formats: Sequence[int]) -> Plain | Prepared:
        if self._prepared is None:
            return Plain(text, values, formats)
        return Prepared(name.encode(), values, formats)

    def _unprepared(self, names: Iterable[str]) -> list[str]:
        if self._prepared is None:
            return []
        return [name for name in names if name not in self._prepared]

    def _run(self, name: str, values: Sequence[Value]) -> pq.abc.PGresult:
        """The result of a statement, prepared on first use."""
        if not self.begun:
            return self._together([(name, values)])[0]
        texts, formats = encoded(values)
        statement, server = self._statements[name], self._server
        if self._prepared is None:
            result = server.exec_params(statement.text, texts, param_formats=formats)
        else:
            if name not in self._prepared:
                check(server.prepare(name.encode(), statement.text), self._connection)
                self._prepared.add(name)
            result = server.exec_prepared(name.encode(), texts, param_formats=formats)
        return check(result, self._connection)


_COMMIT = Plain(b"COMMIT")
_FEW = 2
_MOST_AHEAD = 64
"""Ids that one connection keeps for itself: those of a process that ends stay unused."""
