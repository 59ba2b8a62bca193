"""Deployments whose processes end with the test."""

import time

import pytest

from tests.system.harness import open_deployment


@pytest.fixture
def torture(tmp_path):
    """The torture application on a file of its own."""
    yield from open_deployment(tmp_path, "tests.system.torture_app:app")


@pytest.fixture
def bench(tmp_path):
    """The bench's application."""
    yield from open_deployment(tmp_path, "bench.app:app")


@pytest.fixture
def shop(tmp_path):
    """The shop, quick and without simulated failures, with mails in a folder."""
    yield from open_deployment(
        tmp_path,
        "shop.app:app",
        SHOP_LATENCY="0",
        SHOP_FAILURES="0",
        SHOP_MAIL=f"file://{tmp_path}/mails",
    )


@pytest.fixture
def clock():
    """Monotonic seconds: the clock of handlers' notes."""
    return time.monotonic


@pytest.fixture
def measured(request):
    """Say a figure: `pytest -rP` shows it, and reports carry it with the test."""

    def say(what: str, value: float, unit: str) -> None:
        print(f"{request.node.name}: {what}: {value:.3f} {unit}")
        request.node.user_properties.append((f"{what} ({unit})", round(value, 4)))

    return say
