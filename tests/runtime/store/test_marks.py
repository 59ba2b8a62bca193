"""Marks of effects that were done: by key, for good, with the moment of the first."""

import pytest

from runtime.store import marks
from tests.runtime.store.synchronous import START


def test_an_effect_is_done_once_it_is_marked(store):
    assert not store(marks.done, "mail:1")

    store(marks.mark, "mail:1", 7)

    assert store(marks.done, "mail:1")
    assert not store(marks.done, "mail:2")


def test_marking_it_again_changes_nothing(store):
    store(marks.mark, "mail:1", 7)
    store.sleep(60)
    store(marks.mark, "mail:1", 8)

    assert store.rows("SELECT key, job_id, done_at FROM once_marks") == [("mail:1", 7, START)]


def test_a_mark_of_a_transaction_that_failed_is_none(store):
    def mark_and_fail(tx):
        marks.mark(tx, "mail:1", 7)
        raise LookupError

    with pytest.raises(LookupError):
        store(mark_and_fail)
    assert not store(marks.done, "mail:1")
