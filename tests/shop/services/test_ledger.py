from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shop.payments import PaymentState
from shop.services.ledger import Entry, Ledger


def paid(reference: str, amount_cents: int = 100) -> Entry:
    return Entry(
        reference=reference,
        state=PaymentState.PAID,
        amount_cents=amount_cents,
        charge_id=f"charge-{reference}",
    )


def test_the_first_entry_of_a_reference_stands(ledger_path: Path) -> None:
    ledger = Ledger(ledger_path)

    first = ledger.record(paid("a", 100))
    second = ledger.record(paid("a", 999))

    assert first == second == paid("a", 100)
    assert ledger.entries() == [paid("a", 100)]


def test_it_outlives_the_process(ledger_path: Path) -> None:
    Ledger(ledger_path).record(paid("a"))

    assert Ledger(ledger_path).entries() == [paid("a")]


def test_processes_see_each_other_s_entries(ledger_path: Path) -> None:
    one, other = Ledger(ledger_path), Ledger(ledger_path)

    one.record(paid("a"))
    other.record(paid("b"))

    assert one.record(paid("b", 999)) == paid("b")
    assert one.entries() == other.entries() == [paid("a"), paid("b")]


def test_of_many_at_once_one_wins(ledger_path: Path) -> None:
    ledgers = [Ledger(ledger_path) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: ledgers[n].record(paid("a", n)), range(8)))

    assert len(set(answers)) == 1
    assert len(ledger_path.read_text().splitlines()) == 1


def test_a_line_torn_by_a_crash_is_dropped_and_written_over(ledger_path: Path) -> None:
    Ledger(ledger_path).record(paid("a"))
    with ledger_path.open("ab") as file:
        file.write(b'{"reference":"torn","sta')

    ledger = Ledger(ledger_path)
    ledger.record(paid("b"))

    assert Ledger(ledger_path).entries() == [paid("a"), paid("b")]


def test_it_is_nobody_else_s_to_read(ledger_path: Path) -> None:
    Ledger(ledger_path).record(paid("a"))

    assert ledger_path.stat().st_mode & 0o077 == 0


def test_several_are_recorded_together_in_their_order(ledger_path: Path) -> None:
    ledger = Ledger(ledger_path)
    ledger.record(paid("b", 1))

    assert ledger.record_all([paid("a"), paid("b", 2), paid("c"), paid("a", 3)]) == [
        paid("a"), paid("b", 1), paid("c"), paid("a"),
    ]  # fmt: skip
    assert Ledger(ledger_path).entries() == [paid("b", 1), paid("a"), paid("c")]


def test_of_what_could_not_be_synced_nothing_is_found_later(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(ledger_path)
    ledger.record(paid("a"))

    def fail(_file: int) -> None:
        raise OSError("the disk is broken")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", fail)
        with pytest.raises(OSError, match="broken"):
            ledger.record_all([paid("b"), paid("c")])

    assert Ledger(ledger_path).entries() == ledger.entries() == [paid("a")]
    assert ledger.record(paid("b", 7)) == paid("b", 7)
