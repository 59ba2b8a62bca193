"""The exchange: one request on one connection to an address that the guard has checked.

No redirects, no proxies but the operator's own, no cookies, no decompression, no
second use of a connection. Imported with the first request.
"""

import ipaddress
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing

import httpcore2
import trio

from shop.webhooks.addresses import plain
from shop.webhooks.errors import NoAnswer, Unreachable
from shop.webhooks.transport import Answer, Bounds
from shop.webhooks.urls import Address, Proxy, Target

MOST_TRIED = 3
"""Addresses of one name that are dialled in one attempt."""
TEXT_KEPT = 500
AGENT = "Creche-Webhooks/1"
_FAILURES = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError)


async def exchange(
    target: Target,
    addresses: Sequence[Address],
    headers: Mapping[str, str],
    body: bytes,
    bounds: Bounds,
    trust: ssl.SSLContext | None,
    proxy: Proxy | None = None,
) -> Answer:
    """Post to one of the addresses and read the answer. The caller sets the deadline.

    Args:
        target: where to.
        addresses: those of its host, checked.
        headers: beside our own.
        body: what is posted.
        bounds: what it may cost.
        trust: whose certificates count; None: by http, which leads only where the operator allows it.
        proxy: through which requests by https go.

    Raises:
        Unreachable, NoAnswer: it failed.
    """
    if proxy is None or trust is None:
        connection = httpcore2.AsyncHTTPConnection(
            httpcore2.Origin(target.scheme.encode(), target.host.encode(), target.port),
            ssl_context=trust,
            network_backend=PinnedBackend(addresses),
        )
        return await _over(connection, target, _request(target, target.host, headers, body, bounds), bounds)
    failure = Unreachable(f"no address of {target.host}")
    # By address, not by name: the proxy looks up nothing that was not checked.
    for address in addresses[:MOST_TRIED]:
        place = f"[{address}]" if address.version == 6 else str(address)
        tunnel = httpcore2.AsyncHTTPProxy(f"http://{proxy.authority}", ssl_context=trust, max_connections=1)
        try:
            return await _over(tunnel, target, _request(target, place, headers, body, bounds), bounds)
        except Unreachable as error:
            failure = error
    raise failure


async def _over(
    connection: httpcore2.AsyncConnectionInterface | httpcore2.AsyncHTTPProxy,
    target: Target,
    request: httpcore2.Request,
    bounds: Bounds,
) -> Answer:
    try:
        return await _read(await connection.handle_async_request(request), bounds.answer_bytes)
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.ProxyError) as error:
        raise Unreachable(f"no connection to {target.host}: {error}") from error
    except _FAILURES as error:
        raise NoAnswer(f"the exchange broke off: {type(error).__name__}") from error
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
            await connection.aclose()


async def _read(response: httpcore2.Response, most: int) -> Answer:
    body = bytearray()
    async with aclosing(response.aiter_stream()) as parts:
        async for part in parts:
            body += part
            if len(body) >= most:
                break
    named = {name.lower(): value for name, value in response.headers}
    retry_after = named.get(b"retry-after")
    return Answer(
        response.status,
        None if retry_after is None else retry_after.decode("latin-1").strip(),
        _printable(bytes(body[: 4 * TEXT_KEPT])),
    )


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Dials the checked addresses, whatever name it is asked for: nothing is looked up again."""

    def __init__(
        self, addresses: Sequence[Address], dial: httpcore2.AsyncNetworkBackend | None = None
    ) -> None:
        self._addresses = addresses
        self._dial = dial or httpcore2.TrioBackend()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the name, which TLS is checked against
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the face of the library
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers; see the base class.

        Raises:
            Unreachable: the connection ended up at another address.
        """
        failure: Exception = httpcore2.ConnectError("no address")
        for address in self._addresses[:MOST_TRIED]:
            try:
                stream = await self._dial.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            if _peer(stream) != plain(address):
                await stream.aclose()
                raise Unreachable(f"refused: dialled {address}, reached another")
            return stream
        raise failure


def _request(
    target: Target, place: str, headers: Mapping[str, str], body: bytes, bounds: Bounds
) -> httpcore2.Request:
    """`place` is what is connected to; TLS and the Host header go by the target's name all the same."""
    own = {
        "Host": target.authority,
        "User-Agent": AGENT,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    url = httpcore2.URL(scheme=target.scheme, host=place, port=target.port, target=target.path)
    return httpcore2.Request(
        "POST",
        url,
        headers=[*own.items(), *headers.items()],
        content=body,
        extensions={"timeout": {"connect": bounds.connect_seconds}, "sni_hostname": target.host},
    )


def _peer(stream: httpcore2.AsyncNetworkStream) -> Address:
    host = str(stream.get_extra_info("server_addr")[0])
    return plain(ipaddress.ip_address(host))


def _printable(body: bytes) -> str:
    text = body.decode(errors="replace")
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
    return shown[:TEXT_KEPT]
