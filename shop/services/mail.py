"""Where mails go: nowhere, into a folder, or to a server."""

import os
import smtplib
import ssl
import tempfile
from collections import deque
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from shop.errors import ServiceError
from shop.services.blocking import Blocking
from shop.services.messages import as_bytes, file_name
from shop.services.simulation import Simulation
from shop.settings import SmtpServer

TIMEOUT = 20.0
"""Seconds that each exchange with a mail server may take."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Mailer(Protocol):
    """Sends mails. The same mail sent twice has the same Message-ID."""

    async def send(self, message: EmailMessage) -> None:
        """Send one mail.

        Raises:
            ServiceError: it was not accepted; try again later. Cancelled, it may have been.
        """
        ...


class SimulatedMailer:
    """Takes time, fails sometimes, sends nothing."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.sent: deque[EmailMessage] = deque(maxlen=1000)
        """The last mails that went well."""

    async def send(self, message: EmailMessage) -> None:
        """See `Mailer.send`."""
        await simulate_sending(self._simulation)
        self.sent.append(message)


class FolderMailer:
    """Writes one `.eml` file a mail; sent again, it replaces its file."""

    def __init__(self, folder: Path, blocking: Blocking, simulation: Simulation) -> None:
        self._folder = folder
        self._blocking = blocking
        self._simulation = simulation

    async def send(self, message: EmailMessage) -> None:
        """See `Mailer.send`."""
        await simulate_sending(self._simulation)
        try:
            await self._blocking.run(write_whole, self._folder / file_name(message), as_bytes(message))
        except OSError as error:
            raise ServiceError(f"cannot write the mail: {error}") from error


class SmtpMailer:
    """Hands mails to a server; a connection each."""

    def __init__(self, server: SmtpServer, blocking: Blocking) -> None:
        self._server = server
        self._blocking = blocking

    async def send(self, message: EmailMessage) -> None:
        """See `Mailer.send`."""
        try:
            await self._blocking.run(deliver, self._server, message)
        except (OSError, smtplib.SMTPException) as error:
            raise ServiceError(f"the mail server refused: {error}") from error


async def simulate_sending(simulation: Simulation) -> None:
    """What both stand-ins have in common with a mail service: half a second, and one in ten fails."""
    await simulation.work("sending the mail", seconds=0.5, failing=0.1)


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place whole or not at all; blocking.

    Raises:
        OSError: it could not be written.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def deliver(server: SmtpServer, message: EmailMessage) -> None:
    """Send one mail by SMTP, encrypted where the server can; blocking.

    Raises:
        OSError: no connection.
        smtplib.SMTPException: the server refused, or would have had the password sent in clear text.
    """
    with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT) as connection:
        connection.ehlo()
        encrypted = connection.has_extn("starttls")
        if encrypted:
            connection.starttls(context=ssl.create_default_context())
        if server.user is not None:
            if not encrypted and server.host not in _LOOPBACK:
                raise smtplib.SMTPNotSupportedError("no STARTTLS: the password would be readable on the way")
            connection.login(server.user, server.password or "")
        connection.send_message(message)
