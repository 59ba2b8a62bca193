"""What an attempt says is bounded, and can be stored."""

import math

from hypothesis import given
from hypothesis import strategies as st

from runtime.model.notes import (
    LINES_KEPT,
    LONGEST_TEXT,
    Line,
    Notes,
    Progress,
    bounded_fraction,
    bounded_text,
)
from runtime.model.records import ClaimedJob

JOB = ClaimedJob(1, "obey", "{}", 0, 5, 0, 1, 0.0)
ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text("x\0", min_size=900, max_size=1200)


@given(ANY_TEXT)
def test_any_text_becomes_one_that_every_database_stores(text):
    bounded = bounded_text(text)

    assert len(bounded) <= LONGEST_TEXT
    assert "\0" not in bounded
    assert bounded.encode().decode() == bounded
    if text.isprintable() and len(text) <= LONGEST_TEXT:
        assert bounded == text


@given(st.floats())
def test_any_number_becomes_a_fraction(number):
    assert 0 <= bounded_fraction(number) <= 1
    if 0 <= number <= 1:
        assert math.isclose(bounded_fraction(number), number)


def test_what_could_not_be_written_goes_in_front_of_what_was_said_since_and_the_newest_stays():
    earlier, later = Notes(JOB), Notes(JOB)
    earlier.lines.extend(Line(number, "info", "", 0.0) for number in range(LINES_KEPT))
    earlier.progress = Progress(1, 0.1, "", 0.0)
    later.lines.append(Line(999, "info", "", 0.0))

    earlier.precede(later)

    assert [line.number for line in later.lines] == [*range(1, LINES_KEPT), 999]
    assert later.progress == earlier.progress
