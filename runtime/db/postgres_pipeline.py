"""Several statements in one round trip: libpq's pipeline, with a wait that leaves Python's lock to others."""

import select
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import psycopg
from psycopg import pq

Bytes: TypeAlias = Sequence[bytes | None]


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


def round_trip(server: pq.abc.PGconn, messages: Sequence[Message]) -> list[pq.abc.PGresult]:
    """The result of each, in order; after one that failed the others were not done.

    Raises:
        psycopg.OperationalError: the connection was lost.
    """
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
    results = _results(server)
    server.exit_pipeline_mode()
    return results


def _results(server: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    """All results until the end of the pipeline."""
    poller = select.poll()
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
