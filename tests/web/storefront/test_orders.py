import copy
import json

import pytest
import trio
import trio.testing

from runtime.testing import drain
from shop.products import find_product
from shop.services.bundle import ShopServices
from web.asgi import finishing
from web.storefront.shapes import amount

ORDER = {
    "userId": "ada",
    "email": "ada@example.com",
    "items": [{"productId": "prod-1", "quantity": 2}],
    "paymentToken": "tok_ok",
}


def order(**changed):
    return {**copy.deepcopy(ORDER), **changed}


def items(*lines):
    return [{"productId": product, "quantity": quantity} for product, quantity in lines]


async def nothing_happened(customer, shop):
    return (
        (await customer.get("/orders")).json["orders"] == []
        and (await shop.db.read(find_product, "prod-1")).stock == 50
        and (await shop.queue.jobs()).items == ()
    )


async def test_an_order_is_placed_paid_and_answered_as_the_contract_says(customer):
    answer = await customer.post("/orders", order())

    assert answer.status == 201
    body = answer.json
    assert answer.headers["Location"] == f"/orders/{body['id']}"
    assert body.pop("createdAt").endswith("Z")
    assert body.pop("id")
    assert body == {
        "userId": "ada",
        "status": "paid",
        "total": 179.98,
        "items": [{"productId": "prod-1", "quantity": 2, "price": 89.99}],
    }


async def test_an_order_is_shown_with_its_jobs_and_then_its_invoice(customer, shop):
    placed = await customer.post("/orders", order())
    paid = (await customer.get(placed.headers["Location"])).json
    missing = await customer.get(f"{placed.headers['Location']}/invoice.pdf")
    await drain(shop)
    done = (await customer.get(placed.headers["Location"])).json

    assert (paid["status"], paid["invoiceUrl"], paid["completedAt"]) == ("paid", None, None)
    assert [job["type"] for job in paid["jobs"] if job["status"] == "pending"] == ["send_order_confirmation"]
    assert missing.status == 404
    assert done["status"] == "completed"
    assert {job["type"] for job in done["jobs"]} >= {
        "generate_invoice",
        "sync_inventory",
        "send_followup_email",
    }
    invoice = await customer.get(done["invoiceUrl"])
    assert (invoice.status, invoice.media, invoice.body[:5]) == (200, "application/pdf", b"%PDF-")


async def test_orders_are_listed_newest_first_in_pages_and_by_user(customer):
    placed = [
        (await customer.post("/orders", order(userId=user))).json["id"] for user in ("ada", "bob", "ada")
    ]

    first = (await customer.get("/orders?limit=2")).json
    rest = (await customer.get(f"/orders?cursor={first['cursor']}")).json
    of_bob = (await customer.get("/orders?userId=bob")).json

    assert [found["id"] for found in first["orders"] + rest["orders"]] == placed[::-1]
    assert [found["id"] for found in of_bob["orders"]] == [placed[1]]
    assert all("email" not in found for found in first["orders"])


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"items": []}, ["items"]),
        ({"items": items(("prod-1", 0))}, ["items.0.quantity"]),
        ({"items": items(("prod-1", -1))}, ["items.0.quantity"]),
        ({"items": items(("prod-1", 1), ("prod-2", 10**30))}, ["items.1.quantity"]),
        ({"items": items(("prod-1", "2"))}, ["items.0.quantity"]),
        ({"items": items(("prod-1", 1.5))}, ["items.0.quantity"]),
        ({"items": items(("prod-1", True))}, ["items.0.quantity"]),
        ({"items": items(("prod-1", 1), ("prod-9", 1))}, ["items.1.productId"]),
        ({"items": items(*[("prod-1", 1)] * 51)}, ["items"]),
        ({"items": [{"productId": "prod-1"}]}, ["items.0.quantity"]),
        ({"items": "prod-1"}, ["items"]),
        ({"email": "nobody"}, ["email"]),
        ({"email": "a@b.example\nBcc: x@y.example"}, ["email"]),
        ({"userId": ""}, ["userId"]),
        ({"userId": 7}, ["userId"]),
        ({"userId": "x" * 101}, ["userId"]),
        ({"userId": "a\x00b"}, ["userId"]),
        ({"paymentToken": "tok_unknown"}, ["paymentToken"]),
        ({"paymentToken": None}, ["paymentToken"]),
        ({"coupon": "free"}, ["coupon"]),
    ],
)
async def test_an_order_that_does_not_fit_names_its_fields_and_nothing_happens(
    customer, shop, changed, fields
):
    answer = await customer.post("/orders", order(**changed))

    assert (answer.status, answer.fields) == (422, fields)
    assert await nothing_happened(customer, shop)


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"userId": "\xff"}', "application/json", 400),
        (b"userId=ada", "application/x-www-form-urlencoded", 415),
        (b'{"userId": "' + b"x" * 1024 * 1024 + b'"}', "application/json", 413),
    ],
)
async def test_an_order_that_cannot_be_read_is_refused_and_nothing_happens(
    customer, shop, body, media, status
):
    answer = await customer.send("POST", "/orders", body=body, headers={"Content-Type": media})

    assert answer.status == status
    assert await nothing_happened(customer, shop)


async def test_what_is_not_in_stock_cannot_be_ordered(customer, shop):
    answer = await customer.post("/orders", order(items=items(("prod-2", 1), ("prod-1", 51))))

    assert answer.status == 409
    assert (answer.json["title"], answer.json["productId"]) == ("Out of stock", "prod-1")
    assert await nothing_happened(customer, shop)


@pytest.mark.parametrize(
    ("token", "status"), [("tok_declined", 402), ("tok_error", 502), ("tok_timeout", 504)]
)
async def test_a_payment_that_did_not_succeed_says_so_and_names_the_order(customer, token, status):
    answer = await customer.post("/orders", order(paymentToken=token))

    assert answer.status == status
    assert (await customer.get(f"/orders/{answer.json['orderId']}")).status == 200


async def test_the_same_key_and_body_have_the_same_answer_and_one_order(customer):
    first = await customer.post("/orders", order(), Idempotency_Key="k-1")
    again = await customer.post("/orders", order(), Idempotency_Key="k-1")

    assert (again.status, again.json) == (first.status, first.json) == (201, first.json)
    assert len((await customer.get("/orders")).json["orders"]) == 1


async def test_the_answer_stays_the_same_when_the_order_has_gone_on(customer, shop):
    first = await customer.post("/orders", order(), Idempotency_Key="k-1")
    await drain(shop)
    assert (await customer.post("/orders", order(), Idempotency_Key="k-1")).json == first.json


async def test_many_at_once_with_the_same_key_place_one_order(customer):
    answers = []

    async def place():
        answers.append(await customer.post("/orders", order(), Idempotency_Key="k-1"))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(place)

    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1


async def test_the_same_key_with_another_body_is_refused(customer):
    await customer.post("/orders", order(), Idempotency_Key="k-1")
    answer = await customer.post("/orders", order(userId="bob"), Idempotency_Key="k-1")
    assert (answer.status, answer.fields) == (422, ["Idempotency-Key"])


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
async def test_a_key_that_is_none_is_refused(customer, shop, key):
    answer = await customer.send("POST", "/orders", json=order(), headers={"Idempotency-Key": key})

    assert (answer.status, answer.fields) == (422, ["Idempotency-Key"])
    assert await nothing_happened(customer, shop)


@pytest.mark.parametrize(
    "path", ["/orders/ord-0", "/orders/%00", "/orders/' OR 1=1 --", "/orders/ord-0/events"]
)
async def test_an_order_that_is_not_there_is_not_found(customer, path):
    assert (await customer.get(path)).status == 404


async def hang_up_after(app, body, checkpoints):
    """Post an order, and hang up when the handler has come so far."""
    requests = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
    sent = []

    async def receive():
        if requests:
            return requests.pop()
        for _ in range(checkpoints):
            await trio.lowlevel.checkpoint()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "asgi": {},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/orders",
        "raw_path": b"/orders",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "extensions": {},
    }
    await finishing(app)(scope, receive, send)
    await trio.testing.wait_all_tasks_blocked()
    return bool(sent)


async def test_an_order_is_whole_or_not_there_at_whatever_moment_its_customer_hangs_up(customer, shop):
    answered = [await hang_up_after(customer.app, order(), checkpoints) for checkpoints in range(25)]

    orders = (await customer.get("/orders")).json["orders"]
    charges = shop.service(ShopServices).gateway.ledger.entries()
    assert not answered[0]
    assert answered[-1]
    assert len(orders) > sum(answered)  # some were placed although nobody heard of it
    assert {found["status"] for found in orders} == {"paid"}
    assert {entry.reference for entry in charges} == {found["id"] for found in orders}
    assert (await shop.db.read(find_product, "prod-1")).stock == 50 - 2 * len(orders)


def test_cents_are_written_exactly():
    assert [amount(cents) for cents in (0, 1, 10, 8999, 17998, 123_456_789)] == [
        0,
        0.01,
        0.1,
        89.99,
        179.98,
        1234567.89,
    ]
