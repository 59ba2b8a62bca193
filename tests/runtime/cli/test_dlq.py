"""`creche dlq`."""

import pytest


@pytest.fixture
def letters(creche, work):
    """Dead letters 1 and 2, of jobs 1 and 2."""
    creche("enqueue", "doomed", '{"say": "first"}')
    creche("enqueue", "doomed", '{"say": "second"}')
    work()


def listed(creche, *arguments):
    return [letter["id"] for letter in creche("dlq", "list", "--json", *arguments).json["deadLetters"]]


@pytest.mark.usefixtures("letters")
def test_dead_letters_are_listed_newest_first_with_their_errors(creche):
    assert listed(creche) == [2, 1]
    assert "first" in creche("dlq", "list").out
    assert listed(creche, "--type", "greet") == []


@pytest.mark.usefixtures("letters")
def test_a_reviewed_one_is_marked_and_can_be_purged(creche):
    assert creche("dlq", "review", "1").out == "1 reviewed\n"
    assert listed(creche, "--unreviewed") == [2]
    assert listed(creche, "--reviewed") == [1]

    assert creche("dlq", "purge").out == "1 purged\n"
    assert listed(creche) == [2]
    assert creche("dlq", "purge", "--all", "--json").json == {"purged": 1}


@pytest.mark.usefixtures("letters")
def test_retry_brings_the_job_back(creche):
    assert creche("dlq", "retry", "1").out == "1 pending\n"
    assert listed(creche) == [2]


@pytest.mark.usefixtures("letters")
def test_retry_in_bulk_brings_all_back(creche):
    assert creche("dlq", "retry", "--type", "greet").out == "0 retried\n"
    assert creche("dlq", "retry", "--all", "--json").json == {"retried": 2}
    assert listed(creche) == []


@pytest.mark.parametrize("arguments", [[], ["1", "--all"], ["--all", "--type", "greet"]])
def test_retry_wants_exactly_one_way_to_choose(creche, arguments):
    assert creche("dlq", "retry", *arguments).code == 2


@pytest.mark.parametrize("verb", ["retry", "review"])
def test_a_dead_letter_that_is_not_there_is_exit_code_1(creche, verb):
    ended = creche("dlq", verb, "7")

    assert ended.code == 1
    assert ended.err.count("\n") == 1


def test_reviewed_and_unreviewed_exclude_each_other(creche):
    assert creche("dlq", "list", "--reviewed", "--unreviewed").code == 2


def test_no_dead_letters_are_said(creche):
    assert creche("dlq", "list").err == "no dead letters\n"
