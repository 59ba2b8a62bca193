"""Orders: place one, look at it, fetch its invoice.

Whoever knows an order's id may see the order: the id is not guessable. So the
list of all orders is for operators.
"""

from typing import cast

import email_validator  # noqa: F401 - the shop imports it with its first address: not in a request
from pydantic import BaseModel, Field
from quart import Blueprint, Quart, Response
from quart.blueprints import BlueprintSetupState

from runtime.errors import NotFound
from shop.checkout import checkout
from shop.invoices import find_invoice
from shop.orders import OrderDetail, find_order_detail, list_orders
from shop.requests import OrderRequest
from web.inputs import Input
from web.operations import Reply, operation
from web.site import site, site_of
from web.storefront.problems import PROBLEMS
from web.storefront.shapes import OrderDetailShape, OrderPage, OrderShape

blueprint = Blueprint("orders", __name__, url_prefix="/orders")


class OrderHeaders(BaseModel):
    """What comes with an order beside its body."""

    idempotency_key: str | None = Field(
        None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[\\x20-\\x7e]+$",
        description="The same key and body: the same answer, and one charge. Another body: 422.",
    )


class OrderQuery(Input):
    """Which orders to list."""

    user_id: str | None = Field(None, max_length=100)
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=0, le=2**63 - 1)


@blueprint.post("")
@operation(
    status=201,
    problems=(402, 409, 502, 504),
    public=True,
    answer_headers={"Location": "Where the order is."},
)
async def place_order(body: OrderRequest, headers: OrderHeaders) -> Reply[OrderShape]:
    """Place an order and pay for it. Confirmation, invoice and the rest follow in the background.

    A client that hangs up while the payment is being made does not undo it: send the same
    `Idempotency-Key` again to learn what became of it.
    """
    deployment = site().deployment
    order = await deployment.background.run(checkout, deployment, body, headers.idempotency_key)
    return Reply(OrderShape.of_order(order), {"Location": f"/orders/{order.id}"})


@blueprint.get("")
@operation()
async def orders(query: OrderQuery) -> OrderPage:
    """Orders, newest first: all, or one user's. For operators."""
    page = await site().deployment.db.read(list_orders, query.user_id, limit=query.limit, cursor=query.cursor)
    return OrderPage(orders=[OrderShape.of_order(order) for order in page.items], cursor=page.cursor)


@blueprint.get("/<order_id>")
@operation(public=True)
async def show_order(order_id: str) -> OrderDetailShape:
    """An order with its jobs, and where its invoice is."""
    return OrderDetailShape.of_detail(await order_detail(order_id))


@blueprint.get("/<order_id>/invoice.pdf")
@operation(public=True, media="application/pdf")
async def invoice(order_id: str) -> Response:
    """The invoice of an order; not found until it is drawn."""
    pdf = await site().deployment.db.read(find_invoice, order_id)
    if pdf is None:
        raise NotFound("there is no such order, or its invoice is not drawn yet")
    response = Response(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="invoice.pdf"'
    return response


async def order_detail(order_id: str) -> OrderDetail:
    """The order of that id and its jobs.

    Raises:
        NotFound: there is none.
    """
    detail = await site().deployment.db.read(find_order_detail, order_id)
    if detail is None:
        raise NotFound(f"there is no order {order_id}")
    return detail


@blueprint.record_once
def _add_problems(state: BlueprintSetupState) -> None:
    site_of(cast("Quart", state.app)).problems.add(PROBLEMS)
