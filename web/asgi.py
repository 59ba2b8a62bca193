"""Finishing: an answer that has begun to end is not cancelled in the middle of it.

Hypercorn tells the application of its own end of an answer as if the client had
hung up, and quart-trio cancels the request for that: in the middle of
hypercorn's last steps. Connections would then never be closed, neither when
idle nor when the client asked for it.
"""

from collections.abc import Awaitable, Callable

import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope
from quart_trio import QuartTrio

LAST_STEPS = 30.0
"""Seconds that the end of an answer may take: as long as a client may leave one unread."""

Application = Callable[[Scope, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]


def finishing(app: QuartTrio) -> Application:
    """The application, with the last step of each answer shielded."""

    async def call(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def send_to_the_end(message: ASGISendEvent) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                with trio.move_on_after(LAST_STEPS, shield=True):
                    await send(message)
            else:
                await send(message)

        try:
            await app(scope, receive, send_to_the_end)
        except BaseExceptionGroup as group:
            if others := group.split(is_disconnect)[1]:
                raise others from None

    return call


def is_disconnect(error: BaseException) -> bool:
    """Whether this says that the client has hung up, which newer versions of Quart raise and nobody catches.

    By its name: older versions have no such class to import.
    """
    return type(error).__name__ == "ClientDisconnectedError"
