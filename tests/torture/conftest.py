"""Sieges whose processes end with the test, the doctor's visit, how hard to strike, and with which seed.

TIER=fast      part of `make test`: a few blows each, seconds
TIER=torture   `make torture`: minutes
TIER=night     `make torture-night`: CYCLES blows each
SOAK=S         the soak test goes on for so many seconds
SEED=N         replays the moments of the blows of an earlier run, which printed N
"""

import os
import random
import time

import pytest

from shop.app import build_app
from tests.torture import flows
from tests.torture.siege import Siege, besiege

TIERS = ("fast", "torture", "night")
TIER = os.environ.get("TIER", "fast")


def pytest_collection_modifyitems(items):
    if TIER != "fast":
        for item in items:
            if "tests/torture" in str(item.path):
                item.add_marker(pytest.mark.timeout(4 * 3600 if TIER == "night" else 900))


@pytest.fixture
def blows():
    """How often to strike: `blows(fast, torture)`; in the night CYCLES times, if that is more."""

    def choose(fast: int, torture: int) -> int:
        assert TIER in TIERS, f"TIER must be one of {TIERS}"
        if TIER == "night":
            return max(torture, int(os.environ.get("CYCLES", torture)))
        return fast if TIER == "fast" else torture

    return choose


@pytest.fixture
def size():
    """How large: `size(fast, torture, night)`, or in the night as in `make torture`."""

    def choose(fast: int, torture: int, night: int | None = None) -> int:
        return {"fast": fast, "torture": torture, "night": night or torture}[TIER]

    return choose


@pytest.fixture
def soak_seconds() -> float:
    """How long to go on under faults: ten minutes in the night, or SOAK seconds."""
    return float(os.environ.get("SOAK", "600" if TIER == "night" else "60"))


@pytest.fixture
def seed() -> int:
    """Chosen by SEED; else always the same in the fast tier, where failures must not come and go."""
    default = 1 if TIER == "fast" else time.time_ns() % 2**32
    chosen = int(os.environ.get("SEED", default))
    print(f"SEED={chosen}")
    return chosen


@pytest.fixture
def dice(seed) -> random.Random:
    """What chooses the moments of the blows."""
    return random.Random(seed)


@pytest.fixture
def siege(tmp_path):
    """The torture application; at the end the doctor must find nothing."""
    yield from _guarded(besiege(tmp_path))


@pytest.fixture
def workflows(tmp_path):
    """Workflows of the shapes in `flows.py`; at the end the doctor must find nothing."""
    yield from _guarded(Siege(tmp_path, flows.app, "tests.torture.flows:app"))


@pytest.fixture
def shop(tmp_path):
    """The shop, quick and without simulated failures; at the end the doctor must find nothing."""
    environment = {
        "SHOP_LATENCY": "0.1",
        "SHOP_FAILURES": "0",
        "SHOP_MAIL": f"file://{tmp_path}/mails",
        "CRECHE_RATE": "send_order_confirmation=off",
    }
    yield from _guarded(Siege(tmp_path, build_app(environment), "shop.app:app", **environment))


def _guarded(siege: Siege):
    try:
        yield siege
        siege.close()
        if siege.path.exists() and siege.examine:
            assert siege.doctor() == []
    finally:
        siege.close()


@pytest.fixture
def measured(request):
    """Say a figure: `pytest -rP` shows it, and reports carry it with the test."""

    def say(what: str, value: float, unit: str = "") -> None:
        print(f"{request.node.name}: {what}: {value:.3f} {unit}")
        request.node.user_properties.append((f"{what} ({unit})", round(value, 4)))

    return say
