from pathlib import Path

import pytest

from runtime.errors import ConfigurationError
from shop.settings import MailFolder, Settings, Simulated, SmtpServer, checked_address


def test_an_empty_environment_simulates_everything_at_full_strength() -> None:
    settings = Settings.read({})

    assert (settings.latency, settings.failures) == (1, 1)
    assert settings.mail == Simulated()
    assert settings.gateway == Simulated()
    assert settings.report_email is None


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.read({"SHOP_MAIL": "", "SHOP_REPORT_EMAIL": ""}) == Settings.read({})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("simulated:", Simulated()),
        ("file:///var/mail%20box", MailFolder(Path("/var/mail box"))),
        ("smtp://mail.example", SmtpServer("mail.example", 25)),
        ("smtp://me:p%40ss@mail.example:587", SmtpServer("mail.example", 587, "me", "p@ss")),
        ("smtp://[::1]:2525", SmtpServer("::1", 2525)),
    ],
)
def test_mail_urls_are_read(url: str, expected: object) -> None:
    assert Settings.read({"SHOP_MAIL": url}).mail == expected


def test_the_gateway_may_say_where_its_ledger_is() -> None:
    settings = Settings.read({"SHOP_GATEWAY": "simulated:///tmp/ledger.jsonl"})

    assert settings.gateway == Simulated(Path("/tmp/ledger.jsonl"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_LATENCY", "fast"),
        ("SHOP_LATENCY", "-1"),
        ("SHOP_LATENCY", "nan"),
        ("SHOP_FAILURES", "inf"),
        ("SHOP_MAIL", "carrier-pigeon:"),
        ("SHOP_MAIL", "file:relative"),
        ("SHOP_MAIL", "file://host/path"),
        ("SHOP_MAIL", "file:///"),
        ("SHOP_MAIL", "smtp://"),
        ("SHOP_MAIL", "smtp://host:99999"),
        ("SHOP_GATEWAY", "https://pay.example"),
        ("SHOP_REPORT_EMAIL", "nobody"),
        ("SHOP_MAIL_FROM", "Name <a@b.example>"),
    ],
)
def test_a_bad_value_is_refused_under_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        Settings.read({name: value})


def test_a_refused_mail_url_does_not_give_its_password_away() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.read({"SHOP_MAIL": "smtps://me:hunter2@mail.example"})

    assert "hunter2" not in str(caught.value)


def test_a_mail_server_does_not_print_its_password() -> None:
    assert "hunter2" not in repr(Settings.read({"SHOP_MAIL": "smtp://me:hunter2@mail.example"}))


def test_addresses_come_out_in_ascii_where_that_is_possible() -> None:
    assert checked_address("ada@BÜCHER.example") == "ada@xn--bcher-kva.example"
    assert checked_address("jürgen@example.com") == "jürgen@example.com"
    assert checked_address("ada@shop.test") == "ada@shop.test"


@pytest.mark.parametrize(
    "text", ["", "ada", "ada@", "@b.example", "a b@c.example", "a@b.example\r\nBcc: x@y.example"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        checked_address(text)
