"""Named statements on a PostgreSQL connection: translated once, prepared once, values sent as text.

The server infers the type of each parameter from where it stands, so a statement
is prepared once whatever is passed. Where that leaves it in doubt the SQL says CAST.

`:name[]` in a statement is the array of the values of all rows, so that `many`
is one statement however many rows it is given.
"""

import re
import select
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from runtime.db.base import Question, Statements, Value
from runtime.db.postgres_values import array_literal, encoded
from runtime.errors import ConfigurationError

Connection = psycopg.Connection[tuple[object, ...]]

# Quoted text, comments and casts are passed over; what is left of `:name` is a parameter.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | \$\$.*?\$\$ | ::
    | :(?P<name>[a-z_][a-z0-9_]*)(?P<array>\[\])?""",
    re.VERBOSE | re.DOTALL,
)
_UNASKED: tuple[None, None] = (None, None)
_PLAIN = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with `$1`, `$2`, … and what stands for them."""

    text: bytes
    names: tuple[str, ...]
    """In the order in which the statement first names them."""
    arrays: bool
    """Whether its parameters are arrays of the values of all rows."""


def translate_text(name: str, text: str) -> Statement:
    """Turn `:name` into `$n`.

    Raises:
        ConfigurationError: arrays and single values in one statement.
    """
    order: dict[str, int] = {}
    kinds: set[bool] = set()

    def number(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        kinds.add(match["array"] is not None)
        return f"${order.setdefault(match['name'], len(order) + 1)}"

    translated = _TOKEN.sub(number, text)
    if len(kinds) > 1:
        raise ConfigurationError(f"query {name!r}: either all parameters are arrays or none is")
    return Statement(translated.encode(), tuple(order), arrays=True in kinds)


def translate_all(texts: Mapping[str, str]) -> dict[str, Statement]:
    """Every statement by name."""
    return {name: translate_text(name, text) for name, text in texts.items()}


class PostgresStatements(Statements):
    """Runs the named statements; used by one thread at a time.

    Args:
        prepared: False behind a pooler, which gives each transaction another connection.
    """

    __slots__ = (
        "_connection", "_deferred", "_expected", "_ids", "_prepared", "_server", "_statements", "_step",
    )  # fmt: skip

    def __init__(
        self, connection: Connection, statements: Mapping[str, Statement], *, prepared: bool
    ) -> None:
        self._connection = connection
        self._server = connection.pgconn
        self._statements = statements
        self._prepared: set[str] | None = set() if prepared else None
        self._expected: dict[str, tuple[list[Value], pq.abc.PGresult]] = {}
        self._deferred: list[tuple[str, Sequence[Value]]] | None = None
        self._ids: list[int] = []  # reserved and not used yet, the next one last
        self._step = 1

    def rows(self, name: str, parameters: Mapping[str, Value]) -> Sequence[tuple[Value, ...]]:
        """The rows of a query, all of them."""
        values = self._values(name, parameters)
        asked, result = self._expected.pop(name, (None, None))
        if result is None or asked != values:
            result = self._run(name, values)
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
        if not rows:
            return 0
        if self._statements[name].arrays:
            columns: list[Value] = [array_literal(column) for column in zip(*rows, strict=True)]
            return self._change(name, columns)
        return sum(self._change(name, row) for row in rows)

    def expect(self, *questions: Question) -> None:
        """Ask all of them in one round trip; `rows` finds the answers, unless something is run before."""
        asked = [(name, self._values(name, parameters)) for name, parameters in questions]
        if any(self._expected.get(name, _UNASKED)[0] != values for name, values in asked):
            self._keep(asked, self._together(asked))

    def begin(self, how: str, preamble: str, question: str, questions: Sequence[Question]) -> pq.abc.PGresult:
        """Begin a transaction and ask something in it; what an earlier one asked or put off is nothing to it.

        Args:
            preamble: settings, where each transaction needs them.
            questions: to `expect` in it; they go the same way, where no preamble goes before them.
        """
        self._expected, self._deferred = {}, None
        if preamble or not questions:
            script = f"{how}; {preamble}{question}"
            return check(self._server.exec_(script.encode()), self._connection)
        asked = [(name, self._values(name, parameters)) for name, parameters in questions]
        _, answer, *results = self._together(asked, [how.encode(), question.encode()])
        self._keep(asked, results)
        return answer

    def _keep(self, asked: Sequence[tuple[str, list[Value]]], results: Sequence[pq.abc.PGresult]) -> None:
        self._expected = {
            name: (values, result) for (name, values), result in zip(asked, results, strict=True)
        }

    def defer(self) -> None:
        """From now on put off what changes rows, until `commit`, where all goes in one round trip."""
        self._deferred = []

    def commit(self) -> None:
        """Do what was put off, and COMMIT.

        Raises:
            psycopg.Error: one of them failed, so none was done; or the connection was lost.
            CheckViolation: a value that cannot be stored: nothing was done.
        """
        deferred, self._deferred = self._deferred or [], None
        if deferred:
            self._together(deferred, last=b"COMMIT")
        else:
            check(self._server.exec_(b"COMMIT"), self._connection)

    def reserve(self, number: int) -> Sequence[int]:
        """Draw job ids from the server's sequence, twice as many each time: what is left is for later."""
        if number > len(self._ids):
            wanted = max(number - len(self._ids), self._step)
            self._step = min(2 * self._step, _MOST_AHEAD)
            fresh = [int(cast("int", row[0])) for row in self.rows("draw_job_ids", {"number": wanted})]
            self._ids = [*reversed(fresh), *self._ids]
        return [self._ids.pop() for _ in range(number)]

    def forget_reserved(self) -> None:
        """Never use the ids that are reserved and not used yet."""
        self._ids.clear()
        self._step = 1

    def _values(self, name: str, parameters: Mapping[str, Value]) -> list[Value]:
        statement = self._statements[name]
        if statement.arrays:
            return [array_literal([parameters[parameter]]) for parameter in statement.names]
        return [parameters[parameter] for parameter in statement.names]

    def _change(self, name: str, values: Sequence[Value]) -> int:
        if self._deferred is None:
            return self._run(name, values).command_tuples or 0
        self._deferred.append((name, values))
        return 0

    def _together(
        self,
        calls: Sequence[tuple[str, Sequence[Value]]],
        before: Sequence[bytes] = (),
        last: bytes | None = None,
    ) -> list[pq.abc.PGresult]:
        """The results of `before` and of `calls`, sent at once; then `last`, whose result nobody needs."""
        server, fresh = self._server, self._unprepared(name for name, _ in calls)
        ready = [(name, *encoded(values)) for name, values in calls]  # before anything is sent: it may fail
        server.enter_pipeline_mode()
        for name in fresh:
            server.send_prepare(name.encode(), self._statements[name].text)
        for text in before:
            server.send_query_params(text, [])
        for name, values, formats in ready:
            if self._prepared is None:
                server.send_query_params(self._statements[name].text, values, param_formats=formats)
            else:
                server.send_query_prepared(name.encode(), values, param_formats=formats)
        if last is not None:
            server.send_query_params(last, [])
        server.pipeline_sync()
        results = self._results()
        server.exit_pipeline_mode()
        for result in results:
            check(result, self._connection)
        if self._prepared is not None:
            self._prepared.update(fresh)
        return results[len(fresh) : len(fresh) + len(before) + len(calls)]

    def _unprepared(self, names: Iterable[str]) -> list[str]:
        if self._prepared is None:
            return []
        return [name for name in dict.fromkeys(names) if name not in self._prepared]

    def _results(self) -> list[pq.abc.PGresult]:
        """All results until the end of the pipeline.

        Raises:
            psycopg.Error: the connection was lost.
        """
        server, poller = self._server, select.poll()
        poller.register(server.socket, select.POLLIN | select.POLLOUT)
        while server.flush():
            poller.poll()
            server.consume_input()
        poller.modify(server.socket, select.POLLIN)
        results: list[pq.abc.PGresult] = []
        while True:
            while server.is_busy():  # get_result would wait, too, but with Python's lock in its hands
                poller.poll()
                server.consume_input()
            result = server.get_result()
            if server.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError("the connection was lost")
            if result is None:
                continue  # between two statements
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)

    def _run(self, name: str, values: Sequence[Value]) -> pq.abc.PGresult:
        """The result of a statement, prepared on first use."""
        self._expected = {}
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


_MOST_AHEAD = 64
"""Ids that one connection keeps for itself: those of a process that ends stay unused."""


def check(result: pq.abc.PGresult, connection: Connection) -> pq.abc.PGresult:
    """The result, if it is good.

    Raises:
        psycopg.Error: what the server said, or that it says nothing any more.
    """
    if result.status in _PLAIN:
        return result
    raise psycopg.errors.error_from_result(result, encoding=connection.info.encoding)
