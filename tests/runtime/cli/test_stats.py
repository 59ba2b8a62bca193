"""`creche stats`."""

import json

import pytest


def test_the_queue_in_numbers_for_programs(creche, work):
    creche("enqueue", "greet", "--count", "2")
    creche("enqueue", "doomed")
    work()
    creche("enqueue", "greet")

    stats = creche("stats", "--json").json

    assert stats["queue"]["pending"] == 1
    assert stats["queue"]["completedLastHour"] == 2
    assert stats["deadLetterQueue"] == {"unreviewed": 1}
    assert {"type": "greet", "status": "completed", "count": 2} in stats["byType"]


def test_the_queue_in_numbers_for_people(creche):
    creche("enqueue", "greet", "--count", "2")

    out = creche("stats").out

    assert "pending" in out
    assert "greet" in out


@pytest.mark.slow
@pytest.mark.system
def test_watching_shows_what_changes(creche, start):
    process = start("stats", "--watch", "--json", "--every", "0.1")
    assert json.loads(process.popen.stdout.readline())["queue"]["pending"] == 0

    creche("enqueue", "greet")

    while json.loads(process.popen.stdout.readline())["queue"]["pending"] == 0:
        pass  # each line is read as it comes
