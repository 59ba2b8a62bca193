"""serve_web: the site as one part of a running process, over HTTP/1.1 by hypercorn.

Hypercorn's protocol on connections of our own: its server would crash with the
first error of an application's nursery unnoticed, wait for ever on a client that
does not read, and take any number of connections.
"""

import errno
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import h11
import trio
from hypercorn.config import Config
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState
from hypercorn.utils import wrap_app
from quart import Blueprint
from quart_trio import QuartTrio

from runtime.app import Deployment
from runtime.errors import ConfigurationError
from web.admin import AdminPolicy, is_loopback
from web.app import LOOPBACK_NAMES, create_app
from web.asgi import finishing
from web.connections import Connections
from web.site import site_of

DRAIN = 5.0
BACKLOG = 256
UNREAD_SECONDS = 30
"""How long a client may leave an answer unread before the kernel gives it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """Where to listen, and to whom."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0: any free one."""
    admin: AdminPolicy = field(default_factory=AdminPolicy)
    allowed_hosts: frozenset[str] = frozenset()
    """Names in Host headers that are answered. Always answered on a loopback address:
    that address and `localhost`. On any other address none named means all."""
    keep_alive: float = 5.0
    """Seconds that a connection may be idle, or take to send its headers."""
    drain: float = DRAIN
    """Seconds that requests in flight have when the server stops."""

    @property
    def hosts(self) -> frozenset[str] | None:
        """The names that are answered; None: all."""
        if is_loopback(self.host):
            return LOOPBACK_NAMES | {self.host.strip("[]").lower()} | self.allowed_hosts
        return self.allowed_hosts | {self.host.lower()} | LOOPBACK_NAMES if self.allowed_hosts else None


async def serve_web(
    deployment: Deployment,
    stopping: trio.Event,
    options: WebOptions,
    blueprints: Sequence[Blueprint] = (),
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the site until `stopping` is set; started with its addresses (`http://127.0.0.1:8000`).

    Then it stops listening, ends event streams, and gives other requests `options.drain` seconds;
    cancelled, half a second.

    Raises:
        ConfigurationError: it cannot listen there, or must not without an admin token.
    """
    options.admin.check_address(options.host)
    app = create_app(deployment, admin=options.admin, blueprints=blueprints, hosts=options.hosts)
    listeners = await open_listeners(options.host, options.port)
    site = site_of(app)
    addresses = [_address(listener) for listener in listeners]
    context = WorkerContext(None)
    serve_stream = partial(_serve_stream, wrap_app(finishing(app), 0, "asgi"), _config(options), context)

    def leaving() -> None:
        site.stopping.set()
        nursery.start_soon(context.terminated.set)

    connections = Connections(serve_stream, leaving, site.events)
    async with _closing(listeners), _lifespan(app), trio.open_nursery() as nursery:
        await nursery.start(connections.serve, listeners, stopping, options.drain)
        site.events.listening(addresses)
        task_status.started(addresses)


async def open_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Listen on all addresses of a host.

    Raises:
        ConfigurationError: with the reason in words.
    """
    where = f"{host}:{port}"
    if not 0 <= port <= 65535:  # the system would take what is left of it
        raise ConfigurationError(f"--port {port}: must be from 0 to 65535")
    try:
        listeners = await trio.open_tcp_listeners(port, host=host.strip("[]"), backlog=BACKLOG)
    except socket.gaierror as error:
        raise ConfigurationError(f"--host {host}: no such address ({error.strerror})") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(f"cannot listen on {where}: another program does already") from error
        if error.errno == errno.EACCES:
            raise ConfigurationError(f"cannot listen on {where}: not permitted for this user") from error
        raise ConfigurationError(f"cannot listen on {where}: {error.strerror}") from error
    for listener in listeners:
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted sockets inherit it
            listener.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return listeners


@asynccontextmanager
async def _closing(listeners: Sequence[trio.SocketListener]) -> AsyncIterator[None]:
    """Close them whatever happens; they may be closed before."""
    try:
        yield
    finally:
        for listener in listeners:
            listener.socket.close()


@asynccontextmanager
async def _lifespan(app: QuartTrio) -> AsyncIterator[None]:
    """What an ASGI server does at start and end; a failure in it ends the server, and so the process."""
    async with trio.open_nursery() as nursery:
        app.nursery = nursery
        await app.startup()
        try:
            yield
        finally:
            with trio.move_on_after(DRAIN, shield=True):
                await app.shutdown()
            nursery.cancel_scope.cancel()


async def _serve_stream(
    app: AppWrapper, config: Config, context: WorkerContext, stream: trio.SocketStream
) -> None:
    # Annotated for TLS streams in hypercorn; it asks what it got.
    await Http1Server(app, config, context, ConnectionState({}), stream)  # type: ignore[arg-type]


class Http1Server(TCPServer):
    """Serves a connection, and stays with HTTP/1.1 on it.

    Without TLS there is no HTTP/2 that a browser would speak. A proxy that passes an
    upgrade on sees no more of what follows, and its rules do not hold for it.
    """

    async def _read_data(self) -> None:
        protocol = self.protocol.protocol
        assert isinstance(protocol, H11Protocol)
        # Hypercorn has no setting for it.
        protocol._check_protocol = _stay  # type: ignore[method-assign, assignment]  # noqa: SLF001
        await super()._read_data()
        # Nothing more will come: else its socket would stay until keep-alive has passed.
        await self.idle_task.stop()


async def _stay(_request: h11.Request) -> None:  # noqa: ASYNC124 - hypercorn awaits it
    """An upgrade is an offer: one that is not taken up leaves an ordinary request."""


def _config(options: WebOptions) -> Config:
    """Hypercorn's settings: header size, slow clients, no name in the answers, one log."""
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("creche.web")
    config.h11_max_incomplete_size = 16 * 1024
    config.include_server_header = False
    config.keep_alive_timeout = options.keep_alive
    config.read_timeout = None  # it would end event streams; slow bodies end by BODY_TIMEOUT
    config.websocket_max_message_size = 0
    return config


def _address(listener: trio.SocketListener) -> str:
    host, port = listener.socket.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
