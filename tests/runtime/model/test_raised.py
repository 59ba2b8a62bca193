"""What an exception says of its attempt."""

import pytest

from runtime.errors import Cancel, Discard, InvalidPayload, Snooze
from runtime.model.outcomes import Cancelled, Failed, Snoozed
from runtime.model.raised import outcome_of


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Snooze(5), Snoozed(5, "snoozed for 5 s")),
        (Discard("no"), Failed("Discard: no", final=True)),
        (InvalidPayload("mail: to"), Failed("the payload does not fit mail: to", final=True)),
        (Cancel(), Cancelled("by its handler")),
        (Cancel("enough"), Cancelled("enough")),
        (ValueError("bad"), Failed("ValueError: bad")),
        (ExceptionGroup("nursery", [Snooze(5, "later")]), Snoozed(5, "later")),
        (
            ExceptionGroup("2", [KeyError(1), Snooze(5)]),
            Failed("ExceptionGroup of 2: KeyError: 1; Snooze: snoozed for 5 s"),
        ),
        (SystemExit(3), Failed("SystemExit: 3")),
    ],
)  # fmt: skip
def test_a_signal_steers_and_everything_else_is_a_failure(error, outcome):
    assert outcome_of(error) == outcome
