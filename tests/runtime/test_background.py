"""Background: work that outlives whoever asked for it, and ends before what it needs."""

import pytest
import trio

from runtime.background import GRACE, open_background


class Work:
    """Something that takes its time and notes how it went."""

    def __init__(self, seconds: float = 5.0) -> None:
        self.seconds = seconds
        self.began = trio.Event()
        self.ended = ""

    async def __call__(self, answer: str = "done") -> str:
        self.began.set()
        try:
            await trio.sleep(self.seconds)
        except trio.Cancelled:
            self.ended = "cancelled"
            raise
        self.ended = "done"
        return answer


async def test_the_caller_waits_for_the_answer(autojump_clock):
    async with open_background() as background:
        assert await background.run(Work(), "answer") == "answer"


async def test_what_the_work_raises_is_the_callers_and_disturbs_nobody_else(autojump_clock):
    async def fail():
        await trio.sleep(1)
        raise LookupError("mine")

    work = Work()
    async with open_background() as background, trio.open_nursery() as nursery:
        nursery.start_soon(background.run, work)
        with pytest.raises(LookupError, match="mine"):
            await background.run(fail)

    assert work.ended == "done"


async def test_a_cancelled_caller_goes_and_the_work_goes_on(autojump_clock):
    work = Work(5)
    async with open_background() as background:
        with trio.move_on_after(1) as caller:
            await background.run(work)
        assert caller.cancelled_caught
        assert work.ended == ""
        await trio.sleep(5)
        assert work.ended == "done"


async def test_what_nobody_waits_for_any_more_may_fail_unheard(autojump_clock):
    async def fail():
        await trio.sleep(2)
        raise LookupError

    async with open_background() as background:
        with trio.move_on_after(1):
            await background.run(fail)
        await trio.sleep(2)
        assert await background.run(Work()) == "done"


async def test_at_the_end_work_may_finish_within_its_grace(autojump_clock):
    work = Work(GRACE - 1)
    async with open_background() as background:
        with trio.move_on_after(1):
            await background.run(work)

    assert work.ended == "done"


async def test_beyond_its_grace_work_is_cancelled(autojump_clock):
    work = Work(GRACE + 100)
    began = trio.current_time()
    async with open_background() as background:
        with trio.move_on_after(1):
            await background.run(work)

    assert work.ended == "cancelled"
    assert trio.current_time() - began == pytest.approx(1 + GRACE)


async def test_who_still_waits_for_work_that_was_given_up_is_told_so(autojump_clock):
    heard = []

    async def ask(background):
        try:
            await background.run(Work(GRACE + 100))
        except RuntimeError as error:
            heard.append(str(error))

    async with trio.open_nursery() as nursery:
        async with open_background() as background:
            nursery.start_soon(ask, background)
            await trio.sleep(1)

    assert len(heard) == 1
    assert "given up at shutdown" in heard[0]


async def test_work_has_its_grace_also_when_the_application_is_cancelled(autojump_clock):
    work = Work(GRACE - 1)
    with trio.move_on_after(1) as application:
        async with open_background() as background:
            await background.run(work)

    assert application.cancelled_caught
    assert work.ended == "done"


async def test_work_has_its_grace_also_when_the_application_fails(autojump_clock):
    work = Work(GRACE - 1)

    async def application():
        async with open_background() as background:
            with trio.move_on_after(1):
                await background.run(work)
            raise LookupError("the application")

    with pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="the application")):
        await application()
    assert work.ended == "done"
