import pytest

from web import words

NOW = 1_767_268_800.0  # 2026-01-01T12:00:00Z


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (1234, "1,234"), (0.25, "0.2"), (1234.56, "1,234.6"), (3.0, "3")]
)
def test_numbers(number, text):
    assert words.count(number) == text


@pytest.mark.parametrize(("share", "text"), [(0, "0 %"), (1, "100 %"), (0.0421, "4.2 %")])
def test_shares(share, text):
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [(None, ""), (NOW, "now"), (NOW - 0.4, "now"), (NOW - 180, "3 min ago"), (NOW + 86_400, "in 1 d")],
)
def test_moments_as_people_say_them(moment, text):
    assert words.ago(moment, NOW) == text


def test_moments_in_full():
    assert words.utc(NOW) == "2026-01-01T12:00:00Z"
    assert words.calendar(NOW) == "1 Jan, 12:00 UTC"


def test_a_moment_beyond_the_calendar_is_left_out():
    assert words.utc(1e18) == words.calendar(1e18) == ""


def test_an_error_in_one_line():
    assert words.first_line("\n  ValueError: no\n  at x.py:1") == "ValueError: no"
    assert words.first_line("") == ""
    assert words.first_line("a\x1b[31m\u202eb") == "a\\x1b[31m\\u202eb"
    assert len(words.first_line("x" * 1000)) == words.LONGEST_LINE
