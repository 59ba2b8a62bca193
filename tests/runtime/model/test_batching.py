"""How many jobs a claim takes where some types share a runner: the walk over them in their order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from runtime.model.batching import LARGEST, Places, Room, takeable

TYPES = ("plain", "a", "b")


@st.composite
def rooms(draw):
    sizes = {name: draw(st.integers(1, 5)) for name in ("a", "b")}
    return {name: Room(size, draw(st.integers(0, size - 1))) for name, size in sizes.items()}


def walk(order, free, most, found):
    allowance = {name: takeable(room, free) + 1 for name, room in found.items()} | {"plain": most}
    places = Places(free, most, allowance, found)
    taken = []
    for place, name in enumerate(order):
        if places.spent:
            break
        if places.take(name):
            taken.append((place, name))
    return taken


@given(order=st.lists(st.sampled_from(TYPES)), free=st.integers(0, 4), ahead=st.integers(0, 4), found=rooms())
def test_no_more_is_taken_than_there_are_runners_and_room_for(order, free, ahead, found):
    most = free + ahead
    taken = Counter(name for _, name in walk(order, free, most, found))

    opened = {name: -(-max(0, taken[name] - room.free) // room.size) for name, room in found.items()}
    assert taken["plain"] + sum(opened.values()) <= most
    assert sum(opened.values()) <= free


@given(order=st.lists(st.sampled_from(TYPES)), free=st.integers(0, 4), ahead=st.integers(0, 4), found=rooms())
def test_whoever_is_overtaken_is_overtaken_only_by_those_who_need_no_runner(order, free, ahead, found):
    most = free + ahead
    taken = walk(order, free, most, found)
    places = {place for place, _ in taken}
    passed = next((place for place in range(len(order)) if place not in places), len(order))

    later = Counter(name for place, name in taken if place > passed)
    before = Counter(name for place, name in taken if place < passed)
    for name, number in later.items():
        room = found[name]  # a plain job never overtakes
        left = (
            (room.free - before[name]) % room.size if before[name] > room.free else room.free - before[name]
        )
        assert number <= left


def test_one_free_runner_brings_a_whole_batch_though_others_stand_between():
    order = ["a", "plain", "a", "plain", "a", "a"]

    assert [name for _, name in walk(order, 1, 1, {"a": Room(3, 0)})] == ["a", "a", "a"]


def test_without_a_free_runner_the_batch_that_gathers_is_filled_and_no_more():
    assert walk(["a", "plain", "b", "a", "a"], 0, 0, {"a": Room(5, 2), "b": Room(5, 0)}) == [
        (0, "a"),
        (3, "a"),
    ]


def test_a_claim_stays_a_small_transaction_however_many_runners_there_are():
    assert takeable(Room(100, 5), free=64) == 5 + LARGEST
    assert takeable(Room(LARGEST, 0), free=64) == LARGEST
    assert takeable(Room(10, 3), free=0) == 3
    two = {"a": Room(LARGEST, 0), "b": Room(1, 0)}
    assert [name for _, name in walk(["a", "b"], 8, 8, two)] == ["a"]


def test_a_batch_waits_for_a_free_runner_and_nobody_overtakes_it():
    assert walk(["plain", "a", "plain"], 1, 4, {"a": Room(3, 0)}) == [(0, "plain")]


def test_where_runners_are_reserved_a_batch_that_gathers_is_joined_and_none_is_opened():
    places = Places(2, 2, {"a": 9, "plain": 9}, {"a": Room(5, 1)}, ordinary=0)

    assert [places.take("a", urgent=False) for _ in range(2)] == [True, False]
    assert not places.take("plain", urgent=False)
    assert not places.blocked
    assert [places.take("plain"), places.take("a"), places.take("plain")] == [True, True, False]
