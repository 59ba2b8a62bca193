"""Many at once are written together, and each hears what became of its own."""

import os
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from shop.payments import PaymentState
from shop.services.blocking import Blocking
from shop.services.clerk import Clerk, open_clerk
from shop.services.ledger import Entry, Ledger


def paid(reference: str, amount_cents: int = 100) -> Entry:
    return Entry(reference=reference, state=PaymentState.PAID, amount_cents=amount_cents)


async def record_all(clerk: Clerk, *entries: Entry) -> list[Entry]:
    answers: dict[int, Entry] = {}

    async def one(place: int, entry: Entry) -> None:
        answers[place] = await clerk.record(entry)

    async with trio.open_nursery() as nursery:
        for place, entry in enumerate(entries):
            nursery.start_soon(one, place, entry)
    return [answers[place] for place in range(len(entries))]


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: made.append(file) or sync(file))
    return made


async def test_all_that_wait_share_one_sync(ledger_path: Path, inline: Blocking, syncs: list[int]) -> None:
    entries = [paid(f"ord-{number}") for number in range(50)]
    async with open_clerk(Ledger(ledger_path), inline) as clerk:
        assert await record_all(clerk, *entries) == entries

    assert sorted(Ledger(ledger_path).entries(), key=str) == sorted(entries, key=str)
    assert len(syncs) <= 2


async def test_of_several_for_one_reference_the_first_stands(ledger_path: Path, inline: Blocking) -> None:
    async with open_clerk(Ledger(ledger_path), inline) as clerk:
        answers = await record_all(clerk, *[paid("ord-1", cents) for cents in range(5)])

    assert len(set(answers)) == 1
    assert len(Ledger(ledger_path).entries()) == 1


async def test_each_hears_that_nothing_could_be_written_and_the_clerk_goes_on(
    tmp_path: Path, inline: Blocking
) -> None:
    folder = tmp_path / "later"
    async with open_clerk(Ledger(folder / "ledger"), inline) as clerk:
        refused = pytest.RaisesExc(OSError, match="nothing was recorded")
        with pytest.RaisesGroup(refused, refused):
            await record_all(clerk, paid("a"), paid("b"))
        folder.mkdir()
        assert await clerk.record(paid("a")) == paid("a")


async def test_what_waits_when_the_application_is_cancelled_is_still_written(ledger_path: Path) -> None:
    """As a checkout is that has its grace."""
    with trio.CancelScope() as application:
        async with open_clerk(Ledger(ledger_path), Blocking()) as clerk:
            application.cancel()
            with trio.CancelScope(shield=True):
                await wait_all_tasks_blocked()
                assert await clerk.record(paid("a")) == paid("a")
            await trio.lowlevel.checkpoint()
    assert application.cancelled_caught


async def test_a_customer_who_no_longer_waits_disturbs_nobody(ledger_path: Path, inline: Blocking) -> None:
    async with open_clerk(Ledger(ledger_path), inline) as clerk:
        with trio.CancelScope() as customer:
            customer.cancel()
            await clerk.record(paid("a"))
        assert customer.cancelled_caught
        assert await clerk.record(paid("b")) == paid("b")
    assert [entry.reference for entry in Ledger(ledger_path).entries()] == ["a", "b"]
