from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from runtime.app import Deployment
from runtime.errors import ConfigurationError
from runtime.model.records import Priority
from runtime.testing import drain, open_testing
from shop.app import app, build_app
from shop.checkout import checkout
from shop.orders import Order, OrderStatus, find_order_detail
from shop.requests import OrderRequest
from shop.services.bundle import ShopServices, random_order_id
from shop.services.mail import FolderMailer

REQUEST = OrderRequest.model_validate(
    {
        "userId": "ada",
        "email": "ada@example.com",
        "items": [{"productId": "prod-1", "quantity": 1}],
        "paymentToken": "tok_ok",
    }
)


def test_it_runs_the_contract_s_jobs() -> None:
    assert set(app.handlers) == {
        "send_order_confirmation",
        "generate_invoice",
        "sync_inventory",
        "send_followup_email",
        "complete_order",
        "recover_payment",
        "daily_sales_report",
        "cleanup_completed_jobs",
        "deliver_webhook",
        "prune_webhooks",
    }
    assert app.types["send_order_confirmation"].policy.priority == Priority.HIGH


def test_the_schedules_are_those_of_the_contract() -> None:
    schedules = {name: handler.schedule for name, handler in app.handlers.items() if handler.schedule}

    assert {name: (each.expression, each.timezone) for name, each in schedules.items()} == {
        "daily_sales_report": ("0 0 * * *", "UTC"),
        "cleanup_completed_jobs": ("0 3 * * *", "UTC"),
        "prune_webhooks": ("30 3 * * *", "UTC"),
    }


def test_order_ids_of_one_moment_cannot_be_guessed() -> None:
    ids = {random_order_id(1.8e9) for _ in range(1000)}

    assert len({order_id[-24:] for order_id in ids}) == 1000
    assert {len(order_id) for order_id in ids} == {len("ord-") + 12 + 24}


@given(st.lists(st.floats(min_value=0, max_value=32_503_680_000), min_size=2, max_size=2))
def test_order_ids_are_in_the_order_of_their_milliseconds(moments: list[float]) -> None:
    earlier, later = sorted(moments)

    assert random_order_id(earlier)[:16] <= random_order_id(later)[:16]


async def test_a_bad_setting_stops_the_start(tmp_path: Path, autojump_clock: MockClock) -> None:
    with refusal():
        async with open_testing(build_app({"SHOP_MAIL": "pigeon:"}), tmp_path / "shop.db"):
            pass


async def test_a_mail_folder_that_cannot_be_made_stops_the_start(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    (tmp_path / "file").touch()

    with refusal():
        async with open_testing(
            build_app({"SHOP_MAIL": f"file://{tmp_path}/file/mails"}), tmp_path / "shop.db"
        ):
            pass


async def test_the_mail_folder_is_made(tmp_path: Path, autojump_clock: MockClock) -> None:
    environment = {"SHOP_MAIL": f"file://{tmp_path}/new/mails"}

    async with open_testing(build_app(environment), tmp_path / "shop.db") as deployment:
        assert isinstance(deployment.service(ShopServices).mailer, FolderMailer)

    assert (tmp_path / "new" / "mails").is_dir()


async def test_it_works_in_real_time_with_real_threads(tmp_path: Path) -> None:
    mails = tmp_path / "mails"
    environment = {"SHOP_LATENCY": "0", "SHOP_FAILURES": "0", "SHOP_MAIL": f"file://{mails}"}
    orders: list[Order] = []

    async def order(deployment: Deployment) -> None:
        orders.append(await deployment.background.run(checkout, deployment, REQUEST, None))

    async with build_app(environment).open(f"sqlite:///{tmp_path / 'shop.db'}") as deployment:
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(order, deployment)
        await drain(deployment)
        done = [await deployment.db.read(find_order_detail, each.id) for each in orders]

    assert [(detail.order.status, detail.has_invoice) for detail in done] == [
        (OrderStatus.COMPLETED, True)
    ] * 10
    assert files_in(mails) == sorted(f"confirmation.{each.id}.eml" for each in orders)


def files_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def refusal() -> pytest.RaisesGroup[ConfigurationError]:
    """A refusal that names the variable; the nurseries of an opening wrap what is raised in them."""
    named = pytest.RaisesExc(ConfigurationError, match="^SHOP_MAIL: ")
    return pytest.RaisesGroup(named, allow_unwrapped=True, flatten_subgroups=True)
