"""The real transport against real servers on loopback, which the policy allows here."""

import gzip
import shutil
import ssl
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import trio

from shop.webhooks.addresses import Policy
from shop.webhooks.errors import NoAnswer, Unreachable
from shop.webhooks.exchange import PinnedBackend
from shop.webhooks.guard import Guard
from shop.webhooks.transport import Answer, Bounds, HttpSender
from tests.shop.webhooks.receiver import receiving

HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
HEADERS = {"webhook-id": "msg_1", "webhook-signature": "v1,abc"}
BODY = '{"name":"Jürgen"}'.encode()


async def here(host: str, port: int) -> list:
    return [ip_address("127.0.0.1")]


def sender(resolve=here, trust=None, **bounds) -> HttpSender:
    options = {} if trust is None else {"trust": trust}
    return HttpSender(Guard(Policy(HERE), resolve), Bounds(**bounds), **options)


async def test_the_body_arrives_byte_for_byte_with_its_headers() -> None:
    async with receiving() as server:
        answer = await sender().send(server.url, HEADERS, BODY)

    [request] = server.requests
    assert answer == Answer(200, None, "ok")
    assert (request.target, request.body) == ("/hook?a=1", BODY)
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "Creche-Webhooks/1",
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "accept-encoding": "identity",
        "connection": "close",
        **HEADERS,
    }


async def test_a_name_is_looked_up_once_and_stays_the_host() -> None:
    asked = []

    async def resolve(host: str, port: int) -> list:
        asked.append(host)
        return [ip_address("127.0.0.1")]

    async with receiving() as server:
        await sender(resolve).send(f"http://a.example:{server.port}/", HEADERS, BODY)

    assert asked == ["a.example"]
    assert server.requests[0].headers["host"] == f"a.example:{server.port}"


async def test_each_request_has_a_connection_of_its_own() -> None:
    async with receiving() as server:
        one = sender()
        for _ in range(3):
            await one.send(server.url, HEADERS, BODY)

    assert server.connections == 3


async def test_an_address_that_does_not_answer_is_passed_over_for_the_next() -> None:
    async def resolve(host: str, port: int) -> list:
        return [ip_address("127.0.0.2"), ip_address("127.0.0.1")]

    async with receiving() as server:
        answer = await sender(resolve).send(f"http://a.example:{server.port}/", HEADERS, BODY)

    assert answer.taken


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with receiving() as canary:
        location = f"HTTP/1.1 {status} Moved\r\nLocation: {canary.url}\r\nContent-Length: 0\r\n\r\n"
        async with receiving(location.encode()) as server:
            answer = await sender().send(server.url, HEADERS, BODY)

    assert (answer.status, answer.taken) == (status, False)
    assert canary.connections == 0


async def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        await sender().send(server.url, HEADERS, BODY)

    assert (proxy.connections, server.connections) == (0, 1)


async def test_what_was_said_of_retries_is_passed_on() -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After:  120 \r\nContent-Length: 0\r\n\r\n"
    async with receiving(busy) as server:
        assert await sender().send(server.url, HEADERS, BODY) == Answer(503, "120", "")


async def test_of_an_endless_answer_64_kib_are_read() -> None:
    written = 0

    async def endless(stream: trio.abc.Stream) -> None:
        nonlocal written
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await stream.send_all(b"x" * 65536)
            written += 65536

    async with receiving(endless) as server:
        with trio.fail_after(5):
            answer = await sender().send(server.url, HEADERS, BODY)

    assert (answer.status, answer.text) == (200, "x" * 500)
    assert written < 16 * 1024 * 1024  # what the kernel's buffers took


async def test_a_bomb_is_not_unpacked() -> None:
    packed = gzip.compress(b"x" * 10_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with receiving(head.encode() + packed) as server:
        answer = await sender().send(server.url, HEADERS, BODY)

    assert "x" * 50 not in answer.text


async def test_what_does_not_print_is_escaped() -> None:
    body = b"\x1b]0;\x07<b>\xff\r\n"
    head = f"HTTP/1.1 500 No\r\nContent-Length: {len(body)}\r\n\r\n"
    async with receiving(head.encode() + body) as server:
        answer = await sender().send(server.url, HEADERS, BODY)

    assert answer.text == "\\x1b]0;\\x07<b>�\\r\\n"


async def silent(stream: trio.abc.Stream) -> None:
    await trio.sleep_forever()


async def dripping(stream: trio.abc.Stream) -> None:
    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    while True:
        await stream.send_all(b"x")
        await trio.sleep(0.02)


async def babbling(stream: trio.abc.Stream) -> None:
    while True:
        await stream.send_all(b"HTTP/1.1 102 Processing\r\n\r\n")
        await trio.sleep(0.01)


@pytest.mark.parametrize("behave", [silent, dripping, babbling])
async def test_the_deadline_stands_over_all_of_it(behave) -> None:
    async with receiving(behave) as server:
        with pytest.raises(NoAnswer), trio.fail_after(5):
            await sender(seconds=0.2).send(server.url, HEADERS, BODY)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_complete_answer_is_none(answer: bytes) -> None:
    async with receiving(answer) as server:
        with pytest.raises(NoAnswer):
            await sender().send(server.url, HEADERS, BODY)


async def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await sender().send("http://127.0.0.1:1/", HEADERS, BODY)


class Diverted:
    """A network that leads elsewhere than it was told."""

    closed = False

    async def connect_tcp(self, *_arguments) -> "Diverted":
        return self

    def get_extra_info(self, _info: str) -> tuple[str, int]:
        return "127.0.0.1", 80

    async def aclose(self) -> None:
        self.closed = True


async def test_a_connection_that_ended_up_elsewhere_is_closed_before_anything_is_said() -> None:
    diverted = Diverted()

    with pytest.raises(Unreachable, match="reached another"):
        await PinnedBackend([ip_address("1.1.1.1")], diverted).connect_tcp("a.example", 443)

    assert diverted.closed


# TLS: the name is verified although the address is dialled.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate of `a.example`."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    names = ["-subj", "/CN=a.example", "-addext", "subjectAltName=DNS:a.example", "-days", "2"]
    subprocess.run(
        [*command, *names, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True
    )
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_the_certificate_is_checked_against_the_name(certificate: Path) -> None:
    named = []
    tls = server_side(certificate)
    tls.sni_callback = lambda _socket, name, _context: named.append(name)
    trusting = sender(trust=lambda: ssl.create_default_context(cafile=certificate))
    async with receiving(tls=tls) as server:
        answer = await trusting.send(f"https://a.example:{server.port}/", HEADERS, BODY)
        with pytest.raises(Unreachable):
            await trusting.send(f"https://b.example:{server.port}/", HEADERS, BODY)

    assert answer.taken
    assert named == ["a.example", "b.example"]
    assert len(server.requests) == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    async with receiving(tls=server_side(certificate)) as server:
        with pytest.raises(Unreachable):
            await sender().send(f"https://a.example:{server.port}/", HEADERS, BODY)

    assert server.requests == []
