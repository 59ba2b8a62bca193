"""Several statements in one round trip: libpq's pipeline, with a wait that leaves Python's lock to others."""

import select
from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeAlias

import psycopg
import trio
from psycopg import pq

Bytes: TypeAlias = Sequence[bytes | None]
Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

GOOD = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})


class Prepare(NamedTuple):
    """Have a statement parsed, under a name."""

    name: bytes
    text: bytes


class Prepared(NamedTuple):
    """Run a statement that has been parsed."""

    name: bytes
    values: Bytes
    formats: Sequence[int]


class Plain(NamedTuple):
    """Run a statement given as text."""

    text: bytes
    values: Bytes = ()
    formats: Sequence[int] | None = None


Message: TypeAlias = Prepare | Prepared | Plain


class Repeated(NamedTuple):
    """A statement that is run again and again: parsed once on each connection that remembers it."""

    name: str
    text: bytes
    values: Bytes = ()


def round_trip(server: pq.abc.PGconn, messages: Sequence[Message]) -> list[pq.abc.PGresult]:
    """The result of each, in order; after one that failed the others were not done.

    Raises:
        psycopg.OperationalError: the connection was lost.
    """
    poller = select.poll()
    poller.register(server.socket, select.POLLIN | select.POLLOUT)
    trip = _trip(server, messages)
    try:
        while True:
            # Both ways while there is more to send: the server may answer before it has heard all.
            more = next(trip)
            poller.modify(server.socket, select.POLLIN | (select.POLLOUT if more else 0))
            poller.poll()
    except StopIteration as end:
        return _results(end)


async def round_trip_on_loop(server: pq.abc.PGconn, messages: Sequence[Message]) -> list[pq.abc.PGresult]:
    """`round_trip` on the trio thread, where the answers are few: others run while it waits.

    Cancelled, it leaves a connection that is of no more use.

    Raises:
        psycopg.OperationalError: the connection was lost.
    """
    trip = _trip(server, messages)
    try:
        while True:
            if next(trip):
                await trio.lowlevel.wait_writable(server.socket)
            else:
                await trio.lowlevel.wait_readable(server.socket)
    except StopIteration as end:
        return _results(end)


def _trip(server: pq.abc.PGconn, messages: Sequence[Message]) -> Generator[bool, None, list[pq.abc.PGresult]]:
    """Send all and gather the results; wherever it has to wait, it says whether for sending."""
    _send(server, messages)
    while server.flush():
        yield True
        server.consume_input()
    results: list[pq.abc.PGresult] = []
    while True:
        while server.is_busy():  # get_result would wait, too, but with Python's lock in its hands
            yield False
            server.consume_input()
        result = server.get_result()
        if server.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError("the connection was lost")
        if result is None:
            continue  # between two statements
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            server.exit_pipeline_mode()
            return results
        results.append(result)


def _send(server: pq.abc.PGconn, messages: Sequence[Message]) -> None:
    server.enter_pipeline_mode()
    for message in messages:
        match message:
            case Prepare(name, text):
                server.send_prepare(name, text)
            case Prepared(name, values, formats):
                server.send_query_prepared(name, values, param_formats=formats)
            case Plain(text, values, formats):
                server.send_query_params(text, values, param_formats=formats)
    server.pipeline_sync()


def _results(end: StopIteration) -> list[pq.abc.PGresult]:
    results: list[pq.abc.PGresult] = end.value
    return results


def check(result: pq.abc.PGresult, connection: Connection) -> pq.abc.PGresult:
    """The result, if it is good.

    Raises:
        psycopg.Error: what the server said, or that it says nothing any more.
    """
    if result.status in GOOD:
        return result
    raise psycopg.errors.error_from_result(result, encoding=connection.info.encoding)
