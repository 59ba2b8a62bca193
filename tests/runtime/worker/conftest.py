"""The application of letters, opened in virtual time."""

import pytest

from runtime.testing import open_testing
from tests.runtime.letters import Calls, make_app


@pytest.fixture
def options():
    """Of its batch handler, where a test wants others."""
    return {}


@pytest.fixture
async def letters(autojump_clock, place, options):
    async with open_testing(make_app(**options), place) as opened:
        yield opened


@pytest.fixture
def calls(letters) -> Calls:
    return letters.service(Calls)
