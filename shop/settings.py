"""The shop's settings, read from the environment when its services open."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from runtime.errors import ConfigurationError
from shop.webhooks.urls import Proxy, parse_proxy

PREFIX = "SHOP_"


def checked_address(text: str) -> str:
    """The e-mail address in its canonical spelling; `*.test` domains are fine.

    Raises:
        ValueError: not an address.
    """
    # Here, for it takes 40 ms to import, and a worker checks no addresses.
    from email_validator import EmailNotValidError, validate_email

    try:
        address = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    return address.ascii_email or address.normalized


EmailAddress = Annotated[
    str, AfterValidator(checked_address), Field(max_length=254, json_schema_extra={"format": "email"})
]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A stand-in inside the process; `path` is where it keeps what must survive, if said."""

    path: Path | None = None


@dataclass(frozen=True, slots=True)
class MailFolder:
    """Mails become files."""

    path: Path


@dataclass(frozen=True, slots=True, repr=False)
class SmtpServer:
    """Mails go out. Not printable, for it knows a password."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None


def parse_mail(url: object) -> Simulated | MailFolder | SmtpServer:
    """Read `simulated:`, `file:///folder` or `smtp://[user:password@]host[:port]`.

    Raises:
        ValueError: none of these. The message does not repeat the URL.
    """
    parts = urlsplit(str(url))
    if parts.scheme == "simulated" and not parts.path:
        return Simulated()
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/") and parts.path.strip("/"):
        return MailFolder(Path(unquote(parts.path)))
    if parts.scheme == "smtp" and parts.hostname:
        user = unquote(parts.username) if parts.username else None
        return SmtpServer(
            parts.hostname, parts.port or 25, user, unquote(parts.password or "") if user else None
        )
    raise ValueError("must be simulated:, file:///folder or smtp://[user:password@]host[:port]")


def parse_gateway(url: object) -> Simulated:
    """Read `simulated:` or `simulated:///path/of/the/ledger`.

    Raises:
        ValueError: neither.
    """
    parts = urlsplit(str(url))
    if parts.scheme != "simulated" or parts.netloc:
        raise ValueError("must be simulated: or simulated:///path/of/the/ledger")
    return Simulated(Path(unquote(parts.path)) if parts.path else None)


def parse_networks(text: object) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read networks or addresses, with commas between: `127.0.0.1/32, fd00::/8`.

    Raises:
        ValueError: one of them is none, or has bits set behind its prefix.
    """
    return tuple(ip_network(part.strip()) for part in str(text).split(","))


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(parse_networks)]


class Settings(BaseModel):
    """What the environment may say: each field is `SHOP_` and its name in capitals."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    latency: float = Field(1, ge=0, le=100)
    """What the simulated delays are multiplied by; 0 turns them off."""
    failures: float = Field(1, ge=0, le=100)
    """What the chances of simulated failures are multiplied by; 0 turns them off."""
    mail: Annotated[Simulated | MailFolder | SmtpServer, BeforeValidator(parse_mail)] = Simulated()
    """Where mails go."""
    gateway: Annotated[Simulated, BeforeValidator(parse_gateway)] = Simulated()
    """Who charges customers."""
    report_email: EmailAddress | None = None
    """Who gets the daily sales report; nobody by default."""
    mail_from: EmailAddress = "orders@creche-shop.example"
    """The sender of all mails."""
    webhook_allow: Networks = ()
    """Networks that webhooks may reach although they are not public; there also by http and at any port."""
    webhook_deny: Networks = ()
    """Networks that webhooks may not reach although they are public."""
    webhook_proxy: Annotated[Proxy | None, BeforeValidator(parse_proxy)] = None
    """A proxy through which webhooks by https leave."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the variables; an empty one counts as unset.

        Raises:
            ConfigurationError: a value that cannot be used; the message names its variable.
        """
        values = {name: environment.get(PREFIX + name.upper()) for name in cls.model_fields}
        try:
            return cls.model_validate({name: value for name, value in values.items() if value})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            reason = first["msg"].removeprefix("Value error, ")
            raise ConfigurationError(f"{PREFIX}{str(first['loc'][0]).upper()}: {reason}") from None
