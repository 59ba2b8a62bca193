"""The obedient application, opened in virtual time."""

import pytest

from runtime.testing import open_testing
from tests.runtime.obedient import Diary, make_app


@pytest.fixture
def path(tmp_path):
    return tmp_path / "test.db"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, path):
    """Where a deployment's database is: a test that takes it runs on both."""
    return path if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
async def deployment(autojump_clock, place):
    async with open_testing(make_app(), place) as opened:
        yield opened


@pytest.fixture
def diary(deployment) -> Diary:
    return deployment.service(Diary)
