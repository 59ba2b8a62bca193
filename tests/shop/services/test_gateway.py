from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shop.errors import GatewayUnreachable
from shop.payments import PaymentState
from shop.services.blocking import Blocking
from shop.services.clerk import open_clerk
from shop.services.gateway import SimulatedGateway
from shop.services.ledger import Ledger
from shop.services.simulation import Simulation


@pytest.fixture
async def gateway(ledger_path: Path, inline: Blocking, calm: Simulation) -> AsyncIterator[SimulatedGateway]:
    async with open_clerk(Ledger(ledger_path), inline) as clerk:
        yield SimulatedGateway(clerk, calm)


async def test_it_knows_its_own_tokens_only(gateway: SimulatedGateway) -> None:
    known = [
        token
        for token in ("tok_ok", "tok_declined", "tok_error", "tok_timeout", "tok_", "")
        if gateway.knows(token)
    ]

    assert known == ["tok_ok", "tok_declined", "tok_error", "tok_timeout"]


async def test_a_charge_is_made_once_and_its_answer_repeated(gateway: SimulatedGateway) -> None:
    first = await gateway.charge("ord-1", 500, "tok_ok")
    second = await gateway.charge("ord-1", 500, "tok_ok")

    assert first == second
    assert first.state is PaymentState.PAID
    assert [(entry.reference, entry.amount_cents) for entry in gateway.ledger.entries()] == [("ord-1", 500)]


async def test_a_declined_charge_moves_no_money(gateway: SimulatedGateway) -> None:
    result = await gateway.charge("ord-1", 500, "tok_declined")

    assert result.state is PaymentState.DECLINED
    assert [entry.amount_cents for entry in gateway.ledger.entries()] == [0]


async def test_a_broken_gateway_says_so(gateway: SimulatedGateway) -> None:
    assert (await gateway.charge("ord-1", 500, "tok_error")).state is PaymentState.FAILED


async def test_a_charge_whose_answer_gets_lost_can_be_asked_for(gateway: SimulatedGateway) -> None:
    with pytest.raises(GatewayUnreachable):
        await gateway.charge("ord-1", 500, "tok_timeout")

    result = await gateway.close("ord-1")
    assert (result.state, result.charge_id) == (PaymentState.PAID, "charge-ord-1")


async def test_after_closing_no_charge_is_possible(gateway: SimulatedGateway) -> None:
    closed = await gateway.close("ord-1")
    late = await gateway.charge("ord-1", 500, "tok_ok")

    assert closed.state is late.state is PaymentState.FAILED
    assert sum(entry.amount_cents for entry in gateway.ledger.entries()) == 0


async def test_a_ledger_that_cannot_be_written_is_a_gateway_that_does_not_answer(
    tmp_path: Path, inline: Blocking, calm: Simulation
) -> None:
    async with open_clerk(Ledger(tmp_path / "missing" / "ledger"), inline) as clerk:
        with pytest.raises(GatewayUnreachable):
            await SimulatedGateway(clerk, calm).charge("ord-1", 500, "tok_ok")
