"""Promises of `runtime/model/cron_text.py`."""

from datetime import datetime, timedelta

import pytest
from croniter import croniter
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import ConfigurationError
from runtime.model.cron_text import normalised


@pytest.mark.parametrize(
    ("expression", "plain"),
    [
        ("*/15 0-6 1,15 jan-mar MON-FRI", "*/15 0-6 1,15 1-3 1-5"),
        ("  0   3 * *\t* ", "0 3 * * *"),
        ("00 03 * * *", "0 3 * * *"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("*/1 */1 * * */1", "* * * * *"),
        ("5-5 5-5/3 * * *", "5 5 * * *"),
        ("10/20 * * * *", "10-59/20 * * * *"),
        ("0 22-2 * * *", "0 22-2 * * *"),
        ("0 0 L * *", "0 0 l * *"),
        ("0 0 * * fri#2,1#1", "0 0 * * 5#2,1#1"),
        ("0 0 * * L7", "0 0 * * l0"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * 7-2", "0 0 * * 0-2"),
        ("0 5,*/6 */10,1 * *", "0 5,0-23/6 */10,1 * *"),
    ],
)
def test_every_spelling_of_an_expression_becomes_the_same_five_fields(expression: str, plain: str) -> None:
    assert normalised(expression) == plain


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("0 0 * * * * 2030", "five fields"),
        ("H * * * *", "minute"),
        ("H/15 * * * *", "minute"),
        ("0 R * * *", "hour"),
        ("r(0-5) * * * *", "minute"),
        ("@reboot", "@reboot"),
        ("@every 5m", "@every"),
        ("60 * * * *", "'60' is not a minute"),
        ("0 24 * * *", "'24' is not a hour"),
        ("0 0 0 * *", "'0' is not a day"),
        ("0 0 32 * *", "'32' is not a day"),
        ("0 0 * 0 *", "'0' is not a month"),
        ("0 0 * 13 *", "'13' is not a month"),
        ("0 0 * * 8", "'8' is not a weekday"),
        ("0 0 * mon *", "'mon' is not a month"),
        ("*/0 * * * *", "step of 0"),
        ("*/90 * * * *", "step of 90"),
        ("0 22-6/3 * * *", "backwards"),
        ("0 0 1 * fri#2", r"needs \* as the day"),
        ("0 0 1 * L5", r"needs \* as the day"),
        ("0 0 * * 5#6", "weekday"),
        ("0 0 * * 5#0", "weekday"),
        ("*,5 * * * *", "everything already"),
        ("1,,2 * * * *", "minute"),
        ("-5 * * * *", "minute"),
        ("1--2 * * * *", "minute"),
        ("0 0 ? * *", "day"),
        ("0 0 15W * *", "day"),
        ("0 0 L-3 * *", "day"),
        ("٣ * * * *", "minute"),
        ("999999999999 * * * *", "minute"),
    ],
)
def test_what_is_not_ours_is_refused_and_the_part_at_fault_named(expression: str, word: str) -> None:
    with pytest.raises(ConfigurationError, match=word):
        normalised(expression)


@given(st.text(alphabet="0123456789*/,-#lhrwmonfri@ ", max_size=30))
def test_any_text_is_refused_or_understood_by_croniter(text: str) -> None:
    try:
        plain = normalised(text)
    except ConfigurationError:
        return
    assert normalised(plain) == plain
    assert len(croniter.expand(plain)[0]) == 5


@st.composite
def items(draw: st.DrawFn, low: int, high: int) -> str:
    """A value, a range or a stepped range of a field."""
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(2, min(high, 30)))
    forms = [f"{first}", f"{first}-{last}", f"*/{step}"]
    if first < last:  # "5-5/2" is "5/2" to cronsim, and 5 to Debian's cron and here
        forms.append(f"{first}-{last}/{step}")
    if high != 7:  # "5/2" as weekday: cronsim counts Sunday as 7 there, croniter as 0
        forms.append(f"{first}/{step}")
    return draw(st.sampled_from(forms))


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.lists(items(low, high), min_size=1, max_size=3).map(",".join))


special_days = st.sampled_from(["L", "1,L", "15,L"])
special_weekdays = st.one_of(
    st.tuples(st.integers(0, 7), st.integers(1, 5)).map(lambda pair: f"{pair[0]}#{pair[1]}"),
    st.integers(0, 7).map(lambda day: f"L{day}"),
)
plain_expressions = st.tuples(
    fields(0, 59), fields(0, 23), st.one_of(fields(1, 31), special_days), fields(1, 12), fields(0, 7)
)
weekday_expressions = st.tuples(
    fields(0, 59),
    fields(0, 23),
    st.just("*"),
    fields(1, 12),
    st.lists(special_weekdays, min_size=1, max_size=2).map(",".join),
)


def cronsims_spelling(parts: tuple[str, ...]) -> str:
    """The last Friday is `L5` here and `5L` there."""
    weekdays = ",".join(f"{item[1:]}L" if item.startswith("L") else item for item in parts[4].split(","))
    return " ".join([*parts[:4], weekdays])


@settings(deadline=None, max_examples=120)
@given(
    st.one_of(plain_expressions, weekday_expressions),
    st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - wall time
)
def test_the_five_fields_mean_to_croniter_what_the_expression_means_to_cronsim(
    parts: tuple[str, ...], start: datetime
) -> None:
    start = start.replace(microsecond=0)
    try:
        theirs = [tick for tick, _ in zip(CronSim(cronsims_spelling(parts), start), range(12), strict=False)]
    except CronSimError:  # no such date, as in "31 2 *": refused by computing the next run
        return
    clock = croniter(normalised(" ".join(parts)), start, ret_type=datetime, implement_cron_bug=True)
    assert [clock.get_next() for _ in theirs] == theirs


@pytest.mark.parametrize(
    ("expression", "values", "field"),
    [
        ("0 22-2 * * *", {22, 23, 0, 1, 2}, 1),
        ("0 0 * * fri-mon", {5, 6, 0, 1}, 4),
        ("0 0 * nov-feb *", {11, 12, 1, 2}, 3),
    ],
)
def test_a_range_may_wrap_around(expression: str, values: set[int], field: int) -> None:
    assert set(croniter.expand(normalised(expression))[0][field]) == values


def test_a_day_and_a_weekday_are_either_or_unless_one_begins_with_a_star() -> None:
    start = datetime(2026, 6, 1)  # noqa: DTZ001 - a Monday, wall time
    days = [start + timedelta(days=number) for number in range(1, 30)]

    def fired(expression: str) -> set[int]:
        clock = croniter(normalised(expression), start, ret_type=datetime, implement_cron_bug=True)
        return {tick.day for tick in (clock.get_next() for _ in days) if tick < start + timedelta(30)}

    assert fired("0 12 10 * mon") == {1, 8, 10, 15, 22, 29}
    assert fired("0 12 */10 * mon") == {1}
