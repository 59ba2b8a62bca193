import ipaddress
import json

import pytest
import trio

from runtime.testing import drain, open_testing, running_worker
from shop.app import build_app
from shop.webhooks import Webhooks
from shop.webhooks.addresses import Policy
from shop.webhooks.guard import Guard
from shop.webhooks.transport import Answer
from tests.shop.webhooks.conftest import ObedientSender, nowhere
from tests.web.visitor import Visitor
from web.admin import AdminPolicy
from web.app import create_app
from web.storefront import blueprints

URL = "https://hooks.example/in"
ORDER = {
    "userId": "ada",
    "email": "ada@example.com",
    "items": [{"productId": "prod-1", "quantity": 1}],
    "paymentToken": "tok_ok",
}


@pytest.fixture
def sender():
    return ObedientSender()


@pytest.fixture
async def shop(tmp_path, sender):
    policy = Policy([ipaddress.ip_network("127.0.0.1/32")])
    webhooks = Webhooks(guard=Guard(policy, nowhere), sender=sender)
    app = build_app({"SHOP_LATENCY": "0", "SHOP_FAILURES": "0"}, webhooks_service=webhooks)
    async with open_testing(app, tmp_path / "shop.db") as opened:
        sender.now = opened.clock.now
        yield opened


@pytest.fixture
def operator(shop):
    return Visitor(create_app(shop, admin=AdminPolicy(), blueprints=blueprints()))


async def register(operator, url=URL, events=("order.paid",)):
    answer = await operator.post("/webhooks", {"url": url, "events": list(events)})
    assert answer.status == 201, answer.text
    return answer.json


async def deliveries(operator, webhook):
    return (await operator.get(f"/webhooks/{webhook['id']}/deliveries")).json["deliveries"]


async def test_a_webhook_is_registered_and_its_secret_is_shown_once(operator):
    answer = await operator.post(
        "/webhooks", {"url": URL, "events": ["order.paid", "order.completed", "order.paid"]}
    )

    assert answer.status == 201
    created = answer.json
    assert answer.headers["Location"] == f"/webhooks/{created['id']}"
    assert created["secret"].startswith("whsec_")
    secret = created.pop("secret")
    assert created.pop("createdAt").endswith("Z")
    assert created == {
        "id": created["id"],
        "url": URL,
        "events": ["order.completed", "order.paid"],
        "status": "enabled",
        "disabledAt": None,
        "disabledReason": None,
        "failures": 0,
        "pausedUntil": None,
        "deliveredAt": None,
        "previousSecretUntil": None,
    }
    shown, listed = await operator.get(f"/webhooks/{created['id']}"), await operator.get("/webhooks")
    assert listed.json["webhooks"] == [shown.json]
    assert secret not in shown.text + listed.text


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"url": "https://10.0.0.1/", "events": ["order.paid"]}, ["url"]),
        ({"url": "https://[::ffff:127.0.0.1]:443/", "events": ["order.paid"]}, []),
        ({"url": "https://localhost@hooks.example/", "events": ["order.paid"]}, ["url"]),
        ({"url": "http://hooks.example/", "events": ["order.paid"]}, ["url"]),
        ({"url": "https://hooks.example:22/", "events": ["order.paid"]}, ["url"]),
        ({"url": "file:///etc/passwd", "events": ["order.paid"]}, ["url"]),
        ({"url": "https://hooks.example/\u0000", "events": ["order.paid"]}, ["url"]),
        ({"url": "https://hooks.example/" + "x" * 2048, "events": ["order.paid"]}, ["url"]),
        ({"url": "", "events": ["order.paid"]}, ["url"]),
        ({"url": URL, "events": []}, ["events"]),
        ({"url": URL, "events": ["order.lost"]}, ["events.0"]),
        ({"url": URL, "events": ["order.paid"] * 4}, ["events"]),
        ({"url": URL, "events": "order.paid"}, ["events"]),
        ({"url": URL}, ["events"]),
        ({"url": URL, "events": ["order.paid"], "secret": "mine"}, ["secret"]),
    ],
)
async def test_what_cannot_be_a_webhook_names_its_fields(operator, body, fields):
    answer = await operator.post("/webhooks", body)

    assert (answer.status, answer.fields) == ((422, fields) if fields else (201, []))
    assert len((await operator.get("/webhooks")).json["webhooks"]) == (0 if fields else 1)


async def test_an_allowed_network_may_be_reached_by_http_at_any_port(operator):
    await register(operator, "http://127.0.0.1:9999/hook")


async def test_an_order_is_told_and_the_log_shows_it(operator, sender, shop):
    webhook = await register(operator, events=["order.paid", "order.completed"])
    order = (await operator.post("/orders", ORDER)).json
    await drain(shop)

    told = [json.loads(sent.body) for sent in sender.sent]
    assert [message["type"] for message in told] == ["order.paid", "order.completed"]
    assert told[0]["data"] == order  # as the shop answered it
    completed, paid = await deliveries(operator, webhook)
    assert (paid["event"], paid["status"], paid["attempts"], paid["lastStatus"]) == (
        "order.paid",
        "delivered",
        1,
        200,
    )
    assert completed["messageId"] == sender.sent[1].headers["webhook-id"]
    assert (await operator.get(f"/admin/jobs/{paid['jobId']}")).json["type"] == "deliver_webhook"


async def test_a_delivery_is_shown_with_what_was_answered(operator, sender, shop, autojump_clock):
    sender.behave = lambda url, number: Answer(500, None, "<b>no</b>") if number == 0 else Answer(200)
    webhook = await register(operator)
    await operator.post("/orders", ORDER)
    async with running_worker(shop):
        await trio.sleep(60)

    [delivery] = await deliveries(operator, webhook)
    detail = (await operator.get(f"/webhooks/{webhook['id']}/deliveries/{delivery['id']}")).json
    log = detail.pop("log")
    assert detail == delivery
    assert [(entry["number"], entry["status"], entry["error"], entry["answer"]) for entry in log] == [
        (1, 500, "the endpoint answered 500", "<b>no</b>"),
        (2, 200, None, ""),
    ]


async def test_a_delivery_is_sent_again_and_a_test_message_on_request(operator, sender, shop):
    webhook = await register(operator)
    tested = await operator.post(f"/webhooks/{webhook['id']}/test")
    await drain(shop)
    path = f"/webhooks/{webhook['id']}/deliveries/{tested.json['id']}/redeliver"
    again = await operator.post(path)
    await drain(shop)

    assert (tested.status, tested.json["event"], tested.json["status"]) == (201, "webhook.test", "pending")
    assert (again.status, again.json["status"]) == (200, "pending")
    assert len({sent.headers["webhook-id"] for sent in sender.sent}) == 1
    assert len(sender.sent) == 2


async def test_deliveries_come_in_pages(operator):
    webhook = await register(operator)
    made = [(await operator.post(f"/webhooks/{webhook['id']}/test")).json["id"] for _ in range(3)]
    path = f"/webhooks/{webhook['id']}/deliveries"

    first = (await operator.get(f"{path}?limit=2")).json
    rest = (await operator.get(f"{path}?cursor={first['cursor']}")).json

    assert [found["id"] for found in first["deliveries"] + rest["deliveries"]] == made[::-1]
    assert rest["cursor"] is None


async def test_a_secret_is_rotated(operator):
    webhook = await register(operator)
    path = f"/webhooks/{webhook['id']}/rotate"

    rotated = await operator.post(path)
    briefly = await operator.post(path, {"overlapSeconds": 0})

    assert len({webhook["secret"], rotated.json["secret"], briefly.json["secret"]}) == 3
    assert rotated.json["previousSecretUntil"] > rotated.json["createdAt"]
    assert (await operator.post(path, {"overlapSeconds": 8 * 86_400})).status == 422


async def test_a_disabled_webhook_says_why_and_can_be_enabled(operator, sender, shop):
    sender.behave = lambda url, number: Answer(410)
    webhook = await register(operator)
    path = f"/webhooks/{webhook['id']}"
    delivery = (await operator.post(f"{path}/test")).json
    await drain(shop)

    disabled = (await operator.get(path)).json
    assert (disabled["status"], disabled["disabledReason"]) == ("disabled", "answered 410: it wants no more")
    assert (await operator.post(f"{path}/test")).status == 409
    assert (await operator.post(f"{path}/deliveries/{delivery['id']}/redeliver")).status == 409
    assert (await operator.post(f"{path}/enable")).json["status"] == "enabled"
    assert (await operator.post(f"{path}/test")).status == 201


async def test_a_deleted_webhook_is_gone(operator):
    webhook = await register(operator)

    deleted = await operator.send("DELETE", f"/webhooks/{webhook['id']}")

    assert (deleted.status, deleted.body) == (204, b"")
    assert (await operator.get("/webhooks")).json["webhooks"] == []
    assert (await operator.send("DELETE", f"/webhooks/{webhook['id']}")).status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("POST", "/enable"),
        ("POST", "/test"),
        ("GET", "/deliveries"),
        ("GET", "/deliveries/1"),
        ("POST", "/deliveries/1/redeliver"),
    ],
)
async def test_what_is_not_there_is_not_found(operator, method, path):
    assert (await operator.send(method, f"/webhooks/wh_nobody{path}")).status == 404


async def test_a_delivery_is_shown_only_with_its_own_webhook(operator):
    one, other = await register(operator), await register(operator, "https://other.example/")
    delivery = (await operator.post(f"/webhooks/{one['id']}/test")).json

    assert (await operator.get(f"/webhooks/{other['id']}/deliveries/{delivery['id']}")).status == 404
    assert (
        await operator.post(f"/webhooks/{other['id']}/deliveries/{delivery['id']}/redeliver")
    ).status == 404


async def test_webhooks_are_for_operators_and_no_other_site_can_make_a_browser_change_them(shop, operator):
    webhook = await register(operator)
    guarded = create_app(shop, admin=AdminPolicy("a-token-that-nobody-guesses"), blueprints=blueprints())
    stranger = Visitor(guarded)
    paths = [rule for rule in guarded.url_map.iter_rules() if rule.rule.startswith("/webhooks")]
    assert len(paths) == 10
    for rule in paths:
        path = rule.rule.replace("<webhook_id>", webhook["id"]).replace("<id:delivery_id>", "1")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert (await stranger.send(method, path)).status == 401, (method, path)

    forged = await operator.post(
        "/webhooks", {"url": URL, "events": ["order.paid"]}, Sec_Fetch_Site="cross-site"
    )
    assert forged.status == 403
    assert len((await operator.get("/webhooks")).json["webhooks"]) == 1
