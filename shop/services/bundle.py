"""Opens the shop's services as the environment says."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from runtime.app import Deployment
from runtime.errors import ConfigurationError
from shop.services.blocking import Blocking
from shop.services.clerk import open_clerk
from shop.services.gateway import Gateway, SimulatedGateway
from shop.services.inventory import Inventory, SimulatedInventory
from shop.services.ledger import Ledger
from shop.services.mail import FolderMailer, Mailer, SimulatedMailer, SmtpMailer
from shop.services.printer import PdfPrinter, Printer
from shop.services.simulation import Simulation
from shop.services.turns import Turns
from shop.settings import MailFolder, Settings, Simulated, SmtpServer
from shop.webhooks import Webhooks, open_webhooks


def random_order_id(now: float) -> str:
    """96 bits of chance behind the millisecond: knowing an order's id is the permission to see it.

    So those of one time stand side by side in each index (as with UUIDs of version 7, RFC 9562): by chance
    alone an order wrote nine pages; now it writes five.
    """
    return f"ord-{int(now * 1000):012x}{secrets.token_hex(12)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopServices:
    """All that handlers and the checkout need beside the database."""

    settings: Settings
    gateway: Gateway
    mailer: Mailer
    printer: Printer
    inventory: Inventory
    turns: Turns
    new_order_id: Callable[[float], str]


@asynccontextmanager
async def open_services(
    deployment: Deployment,
    *,
    environment: Mapping[str, str] | None = None,
    new_order_id: Callable[[float], str] = random_order_id,
    webhooks: Webhooks | None = None,
) -> AsyncIterator[list[ShopServices | Webhooks]]:
    """Read the settings, by default from the process's environment, and open what they name.

    `webhooks` stands in for the real ones.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    settings = Settings.read(os.environ if environment is None else environment)
    simulation = Simulation(deployment.random, settings.latency, settings.failures)
    blocking = Blocking(inline=deployment.inline)
    ledger = Ledger(settings.gateway.path or deployment.location.beside("-gateway.jsonl"))
    async with open_clerk(ledger, blocking) as clerk:
        yield [
            ShopServices(
                settings=settings,
                gateway=SimulatedGateway(clerk, simulation),
                mailer=_mailer(settings.mail, blocking, simulation),
                printer=PdfPrinter(blocking, simulation),
                inventory=SimulatedInventory(simulation),
                turns=Turns(),
                new_order_id=new_order_id,
            ),
            webhooks
            or open_webhooks(
                deployment,
                allowed=settings.webhook_allow,
                denied=settings.webhook_deny,
                proxy=settings.webhook_proxy,
            ),
        ]


def _mailer(where: Simulated | MailFolder | SmtpServer, blocking: Blocking, simulation: Simulation) -> Mailer:
    match where:
        case SmtpServer():
            return SmtpMailer(where, blocking)
        case MailFolder(path):
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigurationError(
                    f"SHOP_MAIL: cannot use the folder {path}: {error.strerror}"
                ) from error
            return FolderMailer(path, blocking, simulation)
        case Simulated():
            return SimulatedMailer(simulation)
