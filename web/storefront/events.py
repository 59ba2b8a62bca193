"""The course of an order as server-sent events: one a change of status, until nothing more will change."""

import json

from quart import Blueprint, Response, request

from shop.orders import OrderStatus, find_order
from web.operations import operation
from web.site import Site, site
from web.storefront.orders import order_detail
from web.streams import EVENT_STREAM, Event, EventStream

blueprint = Blueprint("orderEvents", __name__)

FINAL = frozenset({OrderStatus.COMPLETED, OrderStatus.PAYMENT_FAILED})


@blueprint.get("/orders/<order_id>/events")
@operation(public=True, media=EVENT_STREAM, more_statuses=(204,))
async def order_events(order_id: str) -> Response:
    """The order's status now and at each change, as server-sent events named `status`.

    The stream ends when the order is completed or its payment has failed. A client that
    connects again after that is told, by status 204, to stay away.
    """
    status = (await order_detail(order_id)).order.status
    if status in FINAL and request.headers.get("Last-Event-ID") == status:
        return Response(b"", 204)
    return OrderStream(site(), order_id).response()


class OrderStream(EventStream):
    """Tells how far one order is."""

    def __init__(self, site: Site, order_id: str) -> None:
        super().__init__(site.deployment.db, site.streams, site.stopping)
        self._site = site
        self._order_id = order_id
        self._known: OrderStatus | None = None

    async def look(self) -> Event | None:
        """The status, where it is another than before."""
        order = await self._site.deployment.db.read(find_order, self._order_id)
        self.over = order is None or order.status in FINAL
        if order is None or order.status is self._known:
            return None
        self._known = order.status
        return Event("status", json.dumps({"id": order.id, "status": order.status}), id=order.status)
