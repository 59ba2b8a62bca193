"""The site of the obedient application, and a visitor on this machine."""

import pytest

from runtime.testing import open_testing
from shop.app import build_app
from tests.web.obedient import make_app
from tests.web.visitor import Visitor
from web.admin import AdminPolicy
from web.app import create_app
from web.storefront import blueprints

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
async def deployment(tmp_path):
    async with open_testing(make_app(), tmp_path / "test.db") as opened:
        yield opened


@pytest.fixture
def app(deployment):
    return create_app(deployment, admin=AdminPolicy())


@pytest.fixture
def visitor(app):
    return Visitor(app)


@pytest.fixture
def guarded(deployment):
    """The same site with an admin token."""
    return create_app(deployment, admin=AdminPolicy(TOKEN))


@pytest.fixture
async def shop(tmp_path):
    app = build_app({"SHOP_LATENCY": "0", "SHOP_FAILURES": "0"})
    async with open_testing(app, tmp_path / "shop.db") as opened:
        yield opened


@pytest.fixture
def customer(shop):
    """A visitor of the shop."""
    return Visitor(create_app(shop, admin=AdminPolicy(), blueprints=blueprints()))
