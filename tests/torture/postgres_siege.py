"""The same siege on a PostgreSQL server of its own, reached by TCP as from other machines."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from runtime.app import App
from runtime.db.location import parse_location
from shop.app import build_app
from tests.postgres_server import QUICK, Server, own_server
from tests.torture.application import app as torture
from tests.torture.siege import Siege, free_port

STALE = 3
"""Seconds of silence after which a worker is dead: there are no lock files between machines."""
WORKER = ("worker", "--workers", "4", "--stale-after", str(STALE), "--poll", "0.5")


class ServerSiege(Siege):
    """A deployment on a server, whose processes do not live long."""

    def __init__(self, folder: Path, app: App, where: str, server: Server, **environment: str) -> None:
        super().__init__(folder, app, where, **environment)
        self.server = server
        self.reach(server.port)
        self._link: psycopg.Connection | None = None

    def reach(self, port: int, host: str = "127.0.0.1", **parameters: str) -> None:
        """Have the processes started from now on connect there: to a pooler, over another network."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        self.url = f"postgresql://postgres@{host}:{port}/postgres?schema={self.schema}{more}"
        self._environment["CRECHE_DB"] = self.url

    @property
    def schema(self) -> str:
        """A schema for each siege."""
        return "siege_" + re.sub(r"\W", "_", self._folder.name.lower())

    def rows(self, query: str, *parameters: str | float) -> list[tuple[object, ...]]:
        """What stands in the database; asked again while the server is away."""
        deadline = time.monotonic() + 20
        while True:
            try:
                return self._connected().execute(*_placed(query, parameters)).fetchall()
            except psycopg.OperationalError:
                self.forget_link()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def change(self, statement: str, *parameters: str | float) -> None:
        """Write to the database, as somebody with a shell would."""
        self._connected().execute(*_placed(statement, parameters))

    def listeners(self) -> int:
        """How many connections listen at this moment, as their last statement tells."""
        return len(self.rows(LISTENING))

    def why_deaf(self) -> str:
        """Who runs, what each said last, and who is connected: for a process that does not listen."""
        said = [(process.pid, process.running, process.log[-6:]) for process in self._processes]
        connected = self.rows(
            "SELECT application_name, state, left(query, 60), CAST(query_start AS text) FROM pg_stat_activity"
            " WHERE application_name <> ''"
        )
        return "\n".join(map(str, [*said, *connected]))

    def forget_link(self) -> None:
        """Let go of the connection that looks on."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def close(self) -> None:
        """End everything that still runs."""
        super().close()
        self.forget_link()

    def _connected(self) -> psycopg.Connection:
        if self._link is None or self._link.closed:
            location = parse_location(self.server.url)
            self._link = psycopg.connect(location.conninfo, autocommit=True, application_name="onlooker")
            self._link.execute(f"SET search_path = {self.schema}")
        return self._link


LISTENING = (
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'creche' "
    "AND (query LIKE 'LISTEN%' OR query LIKE 'SELECT pg_notify%')"
)


def _placed(query: str, parameters: tuple[str | float, ...]) -> tuple[str, tuple[str | float, ...] | None]:
    """A query with SQLite's placeholders, as psycopg wants it."""
    return (query.replace("%", "%%").replace("?", "%s"), parameters) if parameters else (query, None)


@contextmanager
def tcp_server(**settings: str) -> Iterator[Server]:
    """A server that listens on a port of its own, as on another machine."""
    with own_server({**QUICK, "listen_addresses": "127.0.0.1", **settings}, free_port()) as server:
        yield server


def besiege_on(server: Server, folder: Path) -> Iterator[ServerSiege]:
    """The torture application; at the end the doctor must find nothing."""
    yield from guarded(ServerSiege(folder, torture, "tests.torture.application:app", server))


def shop_on(server: Server, folder: Path) -> Iterator[ServerSiege]:
    """The shop, quick and without simulated failures; at the end the doctor must find nothing."""
    environment = {
        "SHOP_LATENCY": "0.1",
        "SHOP_FAILURES": "0",
        "SHOP_MAIL": f"file://{folder}/mails",
        "SHOP_GATEWAY": f"simulated://{folder}/gateway.jsonl",
        "CRECHE_RATE": "send_order_confirmation=off",
    }
    siege = ServerSiege(folder, build_app(environment), "shop.app:app", server, **environment)
    assert siege.ask(lambda deployment: deployment.queue.stats())
    yield from guarded(siege)


def guarded(siege: ServerSiege) -> Iterator[ServerSiege]:
    """A siege that is lifted at the end; the doctor must find nothing then."""
    try:
        yield siege
        siege.close()
        if siege.examine:
            found = siege.doctor()
            assert found == [], found
    finally:
        siege.close()
