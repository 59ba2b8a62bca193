import socket
from collections.abc import Iterator
from email.message import EmailMessage, Message
from pathlib import Path
from random import Random

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Keep
from aiosmtpd.smtp import AuthResult, LoginPassword

from shop.errors import ServiceError
from shop.orders import Order
from shop.services.blocking import Blocking
from shop.services.mail import FolderMailer, SimulatedMailer, SmtpMailer
from shop.services.messages import confirmation
from shop.services.simulation import Simulation
from shop.settings import SmtpServer


@pytest.fixture
def message(order: Order, noon: float) -> EmailMessage:
    return confirmation(order, "shop@example.com", noon)


class Inbox(Keep):
    """Keeps what a real SMTP server was handed."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def server(inbox: Inbox) -> Iterator[SmtpServer]:
    def authenticate(
        _server: object, _session: object, _envelope: object, _how: str, data: LoginPassword
    ) -> AuthResult:
        good = (data.login, data.password) == (b"me", b"secret")
        return AuthResult(success=good, handled=False)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=port,
        authenticator=authenticate,
        auth_require_tls=False,
    )
    controller.start()
    yield SmtpServer("127.0.0.1", port, "me", "secret")
    controller.stop()


async def test_the_simulated_mailer_remembers_what_it_sent(message: EmailMessage, calm: Simulation) -> None:
    mailer = SimulatedMailer(calm)

    await mailer.send(message)

    assert list(mailer.sent) == [message]


async def test_a_mail_that_fails_was_not_sent(message: EmailMessage) -> None:
    mailer = SimulatedMailer(Simulation(Random(1), latency=0, failures=10))

    with pytest.raises(ServiceError):
        await mailer.send(message)
    assert not mailer.sent


async def test_a_mail_sent_twice_is_one_file(
    message: EmailMessage, tmp_path: Path, inline: Blocking, calm: Simulation
) -> None:
    mailer = FolderMailer(tmp_path, inline, calm)

    await mailer.send(message)
    await mailer.send(message)

    assert files_in(tmp_path) == ["confirmation.ord-1.eml"]
    assert b"Subject: Your order ord-1" in (tmp_path / "confirmation.ord-1.eml").read_bytes()


async def test_a_folder_that_is_gone_is_a_failure_to_try_again(
    message: EmailMessage, tmp_path: Path, inline: Blocking, calm: Simulation
) -> None:
    with pytest.raises(ServiceError, match="cannot write"):
        await FolderMailer(tmp_path / "gone", inline, calm).send(message)


async def test_a_mail_server_gets_the_mail(message: EmailMessage, server: SmtpServer, inbox: Inbox) -> None:
    await SmtpMailer(server, Blocking()).send(message)

    assert [mail["Message-ID"] for mail in inbox.mails] == ["<confirmation.ord-1@example.com>"]
    assert inbox.mails[0]["X-RcptTo"] == "ada@example.com"


async def test_a_refused_password_is_a_failure_without_the_password(
    message: EmailMessage, server: SmtpServer, inbox: Inbox
) -> None:
    wrong = SmtpServer(server.host, server.port, "me", "hunter2")

    with pytest.raises(ServiceError) as caught:
        await SmtpMailer(wrong, Blocking()).send(message)
    assert "hunter2" not in str(caught.value)
    assert not inbox.mails


async def test_a_server_that_is_not_there_is_a_failure(message: EmailMessage, server: SmtpServer) -> None:
    with pytest.raises(ServiceError):
        await SmtpMailer(SmtpServer(server.host, 1), Blocking()).send(message)


def files_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]
