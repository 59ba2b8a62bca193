"""Named statements on a PostgreSQL connection: translated once, prepared once, values sent as text.

The server infers the type of each parameter from where it stands, so a statement
is prepared once whatever is passed. Where that leaves it in doubt the SQL says CAST.

What only changes rows is owed to the server until it is asked something or told to commit: then all of it
goes in one round trip, in its order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from psycopg import pq
from psycopg.adapt import Transformer

from runtime.db.base import Question, Statements, Value
from runtime.db.postgres_pipeline import Plain, Repeated, check, round_trip
from runtime.db.postgres_trips import Call, Opening, Trip, Trips
from runtime.db.postgres_values import array_literal, drawn_ids, encoded
from runtime.errors import DatabaseError


class _Foreseen(NamedTuple):
    """A statement that was run before the function came to it."""

    name: str
    values: list[Value]
    result: pq.abc.PGresult


class PostgresStatements(Statements):
    """Runs the named statements; used by one thread at a time.

    A transaction begins with its first statement, in the same round trip.
    """

    __slots__ = (
        "_connection", "_foreseen", "_ids", "_opening", "_owed", "_owed_bytes", "_server",
        "_statements", "_step", "_trips",
    )  # fmt: skip

    def __init__(self, trips: Trips) -> None:
        self._trips = trips
        self._connection = trips.connection
        self._server = trips.connection.pgconn
        self._statements = trips.statements
        self._opening: Opening | None = None
        self._foreseen: list[_Foreseen] = []
        self._owed: list[Call] = []
        self._owed_bytes = 0
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
        return self._result(name, self._values(name, parameters)).command_tuples or 0

    def change(self, name: str, parameters: Mapping[str, Value]) -> None:
        """Have a statement run before the next that is asked something. An empty one does nothing."""
        if self._statements[name].text:
            self._owe([(name, self._values(name, parameters))])

    def many(self, name: str, rows: Sequence[Sequence[Value]]) -> None:
        """Likewise once a row, or once for all where its parameters are arrays."""
        self._owe(self._calls(name, rows))

    def foresee(self, *steps: Question) -> None:
        """Run all of them in one round trip; see `Statements.foresee`."""
        self._forget()
        calls = [(name, self._values(name, parameters)) for name, parameters in steps]
        results = self._ask([(name, *encoded(values)) for name, values in calls])
        self._foreseen = [
            _Foreseen(name, values, result) for (name, values), result in zip(calls, results, strict=True)
        ]

    def begin(self, opening: Opening) -> None:
        """The next statement begins a transaction; what an earlier one left undone is nothing to it."""
        self._opening, self._foreseen = opening, []
        self._settle()

    @property
    def begun(self) -> bool:
        """Whether the transaction has begun."""
        return self._opening is None

    @property
    def owes(self) -> bool:
        """Whether the server has not heard of all that was changed: it may still refuse that."""
        return bool(self._owed)

    def open(self) -> None:
        """Begin the transaction now."""
        if not self.begun:
            self._go([])

    def commit(self, afterwards: Repeated | None = None) -> None:
        """Do what is owed, and COMMIT; where there was nothing to do, nothing.

        Args:
            afterwards: is run right after it, in the same round trip; nobody hears what becomes of it.

        Raises:
            psycopg.Error: one of them failed, so none was done; or the connection was lost.
        """
        owed = self._settle()
        if owed or (self.begun and afterwards is not None):
            trip = self._trip(owed, [_COMMIT], afterwards)
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
        return self._trip([(name, *encoded(values)) for name, values in calls], [_COMMIT], afterwards)

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

    def _owe(self, calls: Sequence[tuple[str, Sequence[Value]]]) -> None:
        self._forget()
        for name, values in calls:
            # Encoded now: a value that cannot be stored is the fault of the function that gave it.
            texts, formats = encoded(values)
            self._owed.append((name, texts, formats))
            self._owed_bytes += sum(len(text) for text in texts if text)
            if self._owed_bytes > _MOST_OWED:
                self._ask([])

    def _result(self, name: str, values: Sequence[Value]) -> pq.abc.PGresult:
        """What a statement brings, or brought when it was foreseen."""
        for position, foreseen in enumerate(self._foreseen):
            if foreseen.name == name and foreseen.values == values:
                return self._foreseen.pop(position).result
        self._forget()
        call = (name, *encoded(values))
        return self._trips.alone(call) if self.begun and not self._owed else self._ask([call])[0]

    def _forget(self) -> None:
        """Answers from before a change are none.

        Raises:
            DatabaseError: a change was foreseen and not made: it has been made all the same.
        """
        for foreseen in self._foreseen:
            if foreseen.result.status == pq.ExecStatus.COMMAND_OK:
                raise DatabaseError(f"{foreseen.name} was foreseen, and something else was run")
        self._foreseen = []

    def _ask(self, calls: Sequence[Call]) -> Sequence[pq.abc.PGresult]:
        """Run them in one round trip, after what is owed."""
        owed = self._settle()
        return self._go([*owed, *calls])[len(owed) :]

    def _settle(self) -> list[Call]:
        """What is owed, which is now the caller's to bring."""
        owed, self._owed, self._owed_bytes = self._owed, [], 0
        return owed

    def _go(self, calls: Sequence[Call]) -> Sequence[pq.abc.PGresult]:
        """Run them in one round trip, after what begins the transaction."""
        trip = self._trip(calls)
        return trip.digest(round_trip(self._server, trip.messages))

    def _trip(
        self, calls: Sequence[Call], last: Sequence[Plain] = (), afterwards: Repeated | None = None
    ) -> Trip:
        opening, self._opening = self._opening, None
        return self._trips.plan(opening, calls, last, afterwards)


_COMMIT = Plain(b"COMMIT")
_FEW = 2
_MOST_OWED = 1 << 20
"""Bytes of values: more than that is not kept until there is a question."""
_MOST_AHEAD = 64
"""Ids that one connection keeps for itself: those of a process that ends stay unused."""
