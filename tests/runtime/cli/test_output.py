"""Tables for people, JSON for programs."""

import pytest

from runtime.cli.output import duration, print_facts, print_json, print_table, relative


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0034, "3 ms"),
        (2.34, "2.3 s"),
        (42, "42 s"),
        (90, "2 min"),
        (7200, "2 h"),
        (864_000, "10 d"),
    ],
)
def test_durations_are_in_their_largest_unit(seconds, text):
    assert duration(seconds) == text


def test_moments_are_relative_for_people():
    assert relative(940, 1000) == "1 min ago"
    assert relative(1000 + 86_400, 1000) == "in 1 d"
    assert relative(None, 1000) == "-"


def test_a_table_shows_data_literally(capsys):
    print_table(("id", "error"), [("1", "[red]\x1b[31mx[/red] " + "y" * 300)], nothing="none")

    out = capsys.readouterr().out
    assert "[red]\\x1b[31mx[/red] " + "y" * 300 in out
    assert "\x1b" not in out


def test_an_empty_table_is_a_word_on_standard_error(capsys):
    print_table(("id",), [], nothing="no jobs")

    assert capsys.readouterr() == ("", "no jobs\n")


def test_facts_stand_below_each_other(capsys):
    print_facts({"id": "1", "status": "pen\x07ding"})

    assert capsys.readouterr().out == "id      1\nstatus  pen\\x07ding\n"


def test_json_is_one_line_of_ascii(capsys):
    print_json({"name": "größe\x1b[2J", "list": [1, None]})

    assert capsys.readouterr().out == '{"name": "gr\\u00f6\\u00dfe\\u001b[2J", "list": [1, null]}\n'
