"""Statements without a server: stores are kept, and whoever asks for more is told at once."""

import pytest

from runtime.db.postgres_gathered import Gathered, NeedsServer


@pytest.mark.parametrize(
    "ask",
    [
        lambda gathered: gathered.rows("find_job", {"id": 1}),
        lambda gathered: gathered.run("take_key", {}),
        lambda gathered: gathered.foresee(("find_job", {"id": 1})),
        lambda gathered: gathered.change("take_key", {}),
        lambda gathered: gathered.many("insert_job", [(1,)]),
        lambda gathered: gathered.reserve(4),
    ],
)
def test_whoever_asks_something_needs_the_server_and_nothing_is_kept(ask):
    ids = [1, 2, 3]
    gathered = Gathered(ids)

    with pytest.raises(NeedsServer):
        ask(gathered)
    assert gathered.stores == []
    assert ids == [1, 2, 3]


def test_what_is_stored_when_all_have_run_is_kept_in_order():
    gathered = Gathered([])
    gathered.complete = True
    gathered.many("insert_job", [(1,), (2,)])
    gathered.many("add_to_counts", [("obey", "pending", 2)])

    assert gathered.stores == [("insert_job", [(1,), (2,)]), ("add_to_counts", [("obey", "pending", 2)])]


def test_ids_are_taken_from_the_stock_in_their_order():
    ids = [1, 2, 3]
    gathered = Gathered(ids)

    assert list(gathered.reserve(2)) == [1, 2]
    assert list(gathered.reserve(1)) == [3]
    assert ids == []
