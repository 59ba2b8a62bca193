"""The way to a database thread and back: in batches, withdrawn or run, and nobody waits for ever."""

import threading

import outcome
import pytest
import trio

from runtime.db.lane import Lane, Request
from runtime.errors import DatabaseError


def request(fn=lambda _: None) -> Request:
    return Request(fn, durable=True, deadline=float("inf"))


class Desk:
    """Serves a lane batch by batch, each when a test lets it."""

    def __init__(self):
        self.gates = [threading.Event() for _ in range(20)]
        self.batches = []
        self.begun = [trio.Event() for _ in range(20)]
        self.breaks_at = None
        self._token = trio.lowlevel.current_trio_token()

    def __call__(self, batch):
        number = len(self.batches)
        self.batches.append(len(batch))
        taken = [item for item in batch if item.take()]
        self._token.run_sync_soon(self.begun[number].set)
        assert self.gates[number].wait(10)
        for position, item in enumerate(taken):
            item.answer(outcome.capture(item.fn, None))
            if number == self.breaks_at and position == len(taken) // 2:
                raise SystemError("the lane breaks")
        return taken

    def open_gates(self):
        for gate in self.gates:
            gate.set()


@pytest.fixture
async def desk():
    made = Desk()
    yield made
    made.open_gates()


@pytest.fixture
async def lane(desk):
    made = Lane("test", lambda: desk, most=4)
    yield made
    desk.open_gates()
    await made.close()


async def heard(answers, lane, item):
    try:
        answers.append(await lane.submit(item))
    except BaseException as error:
        answers.append(error)
        if isinstance(error, trio.Cancelled):
            raise


async def test_what_gathers_while_the_thread_works_goes_in_batches_of_bounded_size(lane, desk):
    answers = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heard, answers, lane, request(lambda _: 0))
        await desk.begun[0].wait()
        for number in range(1, 7):
            nursery.start_soon(heard, answers, lane, request(lambda _, number=number: number))
        await trio.testing.wait_all_tasks_blocked()
        desk.open_gates()

    assert desk.batches == [1, 4, 2]
    assert sorted(answers) == list(range(7))


async def test_others_are_told_on_the_trio_thread_whenever_answers_arrive(desk):
    told = []
    lane = Lane("test", lambda: desk, most=4, afterwards=lambda: told.append(trio.lowlevel.in_trio_run()))
    desk.open_gates()
    await lane.submit(request())
    await lane.submit(request())
    await lane.close()

    assert told == [True, True]


async def test_one_that_is_cancelled_while_it_queues_never_runs_and_its_waiter_goes_at_once(lane, desk):
    ran = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.submit, request())
        await desk.begun[0].wait()
        with trio.move_on_after(0.01) as scope:  # the thread is busy, so only the cancellation can end this
            await lane.submit(request(ran.append))
        assert scope.cancelled_caught
        desk.open_gates()
        await lane.submit(request())

    assert ran == []


async def test_one_that_has_begun_is_waited_for_although_its_waiter_is_cancelled(lane, desk):
    answers = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heard, answers, lane, request(lambda _: "done"))
        await desk.begun[0].wait()
        nursery.cancel_scope.cancel()
        desk.open_gates()

    assert answers == ["done"]


async def test_it_is_idle_once_its_thread_has_done_with_all_those_withdrawn_too(lane, desk):
    assert lane.idle
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.submit, request())
        await desk.begun[0].wait()
        with trio.move_on_after(0.01):
            await lane.submit(request())
        assert not lane.idle
        desk.open_gates()
        await lane.submit(request())

    assert lane.idle
    await lane.close()
    assert not lane.idle


async def test_what_is_handed_over_is_answered_to_whoever_waits_even_if_the_lane_is_closed(lane, desk):
    desk.open_gates()
    handed = [request(lambda _: "one"), request(lambda _: "two")]
    lane.hand_over(handed)
    assert [await item.wait() for item in handed] == ["one", "two"]

    await lane.close()
    late = request()
    lane.hand_over([late])
    with pytest.raises(DatabaseError, match="closed"):
        await late.wait()


async def test_already_cancelled_nothing_is_handed_over(lane, desk):
    ran = []
    with trio.CancelScope() as scope:
        scope.cancel()
        await lane.submit(request(ran.append))
    desk.open_gates()
    await lane.submit(request())

    assert ran == []


async def test_whatever_a_function_raises_is_its_waiters(lane, desk):
    def fail(_):
        raise SystemExit(3)

    desk.open_gates()
    with pytest.raises(SystemExit):
        await lane.submit(request(fail))
    assert await lane.submit(request(lambda _: "fine")) == "fine"


@pytest.mark.parametrize("closing", [False, True])
async def test_a_lane_that_breaks_answers_everybody_and_acknowledges_nothing_it_did_not_finish(
    lane, desk, closing
):
    """Those half done, those not begun, those in the queue, and those who come later."""
    desk.breaks_at = 1
    first, answers = [], []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heard, first, lane, request(lambda _: "before"))
        await desk.begun[0].wait()
        for _ in range(6):
            nursery.start_soon(heard, answers, lane, request(lambda _: "half done"))
        await trio.testing.wait_all_tasks_blocked()
        if closing:
            nursery.start_soon(lane.close)
            await trio.testing.wait_all_tasks_blocked()
        desk.open_gates()

    await heard(answers, lane, request())
    assert first == ["before"]
    assert [type(answer) for answer in answers] == [SystemError] * 7


async def test_what_no_thread_has_begun_can_be_taken_back_and_is_nothing_to_the_lane_any_more(lane, desk):
    answers, waiting = [], [request() for _ in range(3)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heard, answers, lane, request(lambda _: "begun"))
        await desk.begun[0].wait()
        lane.hand_over(waiting)

        assert lane.take_back() == waiting
        assert lane.busy, "with the one that was begun"
        desk.open_gates()

    assert answers == ["begun"]
    assert (desk.batches, lane.batches, lane.idle) == ([1], 1, True)


async def test_a_lane_that_is_being_closed_ends_also_when_everything_was_taken_back(lane, desk):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.submit, request())
        await desk.begun[0].wait()
        lane.hand_over([request()])
        nursery.start_soon(lane.close)
        await trio.testing.wait_all_tasks_blocked()
        assert len(lane.take_back()) == 1
        desk.open_gates()

    assert desk.batches == [1]


async def test_a_lane_that_cannot_begin_says_why_to_everybody(desk):
    def cannot():
        raise DatabaseError("cannot open")

    lane = Lane("test", cannot, most=4, threads=2)
    for _ in range(3):
        with pytest.raises(DatabaseError, match="cannot open"):
            await lane.submit(request())
    await lane.close()


async def test_closing_finishes_what_waits(lane, desk):
    answers = []
    async with trio.open_nursery() as nursery:
        for number in range(9):
            nursery.start_soon(heard, answers, lane, request(lambda _, number=number: number))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(lane.close)
        await trio.testing.wait_all_tasks_blocked()
        desk.open_gates()

    assert sorted(answers) == list(range(9))


async def test_closing_is_not_cut_short_by_a_cancellation(lane, desk):
    answers = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heard, answers, lane, request(lambda _: "done"))
        await desk.begun[0].wait()
        with trio.CancelScope() as scope:
            scope.cancel()
            nursery.start_soon(release_later, desk)
            await lane.close()

    assert answers == ["done"]


async def release_later(desk):
    await trio.testing.wait_all_tasks_blocked()
    desk.open_gates()


async def test_who_comes_after_the_end_is_told_so_instead_of_waiting_for_ever(lane, desk):
    desk.open_gates()
    await lane.close()

    with pytest.raises(DatabaseError, match="closed"), trio.fail_after(1):
        await lane.submit(request())


async def test_two_threads_work_side_by_side(desk):
    meeting = threading.Barrier(2)

    def work(batch):
        for item in batch:
            item.take()
            item.answer(outcome.Value(meeting.wait(10)))
        return batch

    lane = Lane("test", lambda: work, most=1, threads=2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.submit, request())
        await lane.submit(request())
    await lane.close()
