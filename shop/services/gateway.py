"""The payment gateway: its face, and the simulated one."""

from enum import Enum
from typing import Protocol

from shop.errors import GatewayUnreachable
from shop.payments import PaymentResult, PaymentState
from shop.services.clerk import Clerk
from shop.services.ledger import Entry, Ledger
from shop.services.simulation import Simulation

ANSWER_TIME = 10.0
"""Seconds that a charge may take before its outcome counts as unknown."""


class Behaviour(Enum):
    """What a payment token makes the simulated gateway do."""

    CHARGE = "tok_ok"
    DECLINE = "tok_declined"
    BREAK = "tok_error"
    FALL_SILENT = "tok_timeout"
    """It charges, but its answer gets lost."""


class Gateway(Protocol):
    """What the shop asks of whoever moves the money. The order id is the idempotency key."""

    def knows(self, token: str) -> bool:
        """Whether it issued this payment token."""
        ...

    async def charge(self, order_id: str, amount_cents: int, token: str) -> PaymentResult:
        """Charge the customer, at most once an order; asked again, it repeats its answer.

        Raises:
            GatewayUnreachable: no answer: it may have charged or not. So too when cancelled.
        """
        ...

    async def close(self, order_id: str) -> PaymentResult:
        """Say what became of an order's charge; when there was none, there never will be one.

        Raises:
            GatewayUnreachable: no answer; ask again.
        """
        ...


class SimulatedGateway:
    """Decides by the token; remembers in a ledger that outlives this process."""

    def __init__(self, clerk: Clerk, simulation: Simulation) -> None:
        self._clerk = clerk
        self._simulation = simulation

    @property
    def ledger(self) -> Ledger:
        """What it remembers."""
        return self._clerk.ledger

    def knows(self, token: str) -> bool:
        """See `Gateway.knows`."""
        return token in _BEHAVIOUR

    async def charge(self, order_id: str, amount_cents: int, token: str) -> PaymentResult:
        """See `Gateway.charge`. What it does is the token's to say."""
        wanted = _BEHAVIOUR[token]
        if wanted is Behaviour.BREAK:
            return PaymentResult(PaymentState.FAILED, reason="the gateway could not process the payment")
        if wanted is Behaviour.DECLINE:
            return await self._record(Entry(reference=order_id, state=PaymentState.DECLINED))
        charge_id = f"charge-{order_id}"
        result = await self._record(
            Entry(reference=order_id, state=PaymentState.PAID, amount_cents=amount_cents, charge_id=charge_id)
        )
        if wanted is Behaviour.FALL_SILENT:
            await self._simulation.work("waiting for the gateway", seconds=1)
            raise GatewayUnreachable("the gateway did not answer in time (simulated)")
        return result

    async def close(self, order_id: str) -> PaymentResult:
        """See `Gateway.close`."""
        return await self._record(Entry(reference=order_id, state=PaymentState.FAILED))

    async def _record(self, proposed: Entry) -> PaymentResult:
        try:
            entry = await self._clerk.record(proposed)
        except OSError as error:
            raise GatewayUnreachable(f"the gateway does not answer: {error}") from error
        return PaymentResult(entry.state, entry.charge_id, _REASONS.get(entry.state))


_BEHAVIOUR = {behaviour.value: behaviour for behaviour in Behaviour}
_REASONS = {
    PaymentState.DECLINED: "the payment was declined",
    PaymentState.FAILED: "the payment was never made",
}
