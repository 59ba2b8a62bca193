"""Values of options: what is taken and what is refused."""

import click
import pytest

from runtime.cli.parameters import PRIORITY, RATE, TEXT, Seconds
from runtime.model.rates import Rate


def convert(kind, text):
    return kind.convert(text, None, None)


@pytest.mark.parametrize(("text", "number"), [("0", 0.0), ("1.5", 1.5), ("1e3", 1000.0)])
def test_seconds_are_numbers(text, number):
    assert convert(Seconds(), text) == number


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-inf", "-0.1", "1s"])
def test_seconds_are_finite_and_not_negative(text):
    with pytest.raises(click.BadParameter):
        convert(Seconds(), text)


def test_seconds_can_have_a_least_value():
    assert convert(Seconds(1.0), "1") == 1.0
    with pytest.raises(click.BadParameter):
        convert(Seconds(1.0), "0.9")


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("100", 100), ("HIGH", 10), ("critical", 20), (" low ", 0)]
)
def test_a_priority_is_a_number_or_a_name(text, number):
    assert convert(PRIORITY, text) == number


@pytest.mark.parametrize("text", ["101", "-1", "urgent", "", "5.0", "٣", "9" * 5000])
def test_other_priorities_are_refused(text):
    with pytest.raises(click.BadParameter):
        convert(PRIORITY, text)


def test_a_rate_is_given_to_a_type():
    assert convert(RATE, "send_email=120/m:10") == ("send_email", Rate.parse("120/m:10"))
    assert convert(RATE, "send_email=off") == ("send_email", None)


@pytest.mark.parametrize(
    "text", ["", "120/m", "=120/m", "x=", "x=120", "x=120/d", "x=0/s", "x=-1/s", "x=nan/s"]
)
def test_other_rates_are_refused(text):
    with pytest.raises(click.BadParameter):
        convert(RATE, text)


@pytest.mark.parametrize("text", ["a\0b", "\udcff"])
def test_text_is_what_can_be_stored(text):
    assert convert(TEXT, "größe\n") == "größe\n"
    with pytest.raises(click.BadParameter):
        convert(TEXT, text)
