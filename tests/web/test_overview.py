from runtime.testing import drain, running_worker
from tests.web.obedient import Echo, Fail, Stumble
from web.overview import DEAD_LETTERS, FAILURES, look


async def test_an_empty_queue_has_nothing_but_its_types(deployment):
    view = await look(deployment.queue, deployment.clock.now())

    assert (view.letters, view.failures, view.workers) == ((), (), ())
    assert [schedule.name for schedule in view.schedules] == ["nightly"]
    assert [row.type for row in view.types] == ["echo", "fail", "nightly", "stumble", "unhandled"]
    assert [row.type for row in view.types if not row.idle] == ["echo"]  # it has a limit
    assert view.complaints == ("no worker is running",)


async def test_letters_are_cut_and_those_left_out_are_counted(deployment):
    await deployment.queue.enqueue_many([Fail() for _ in range(DEAD_LETTERS + 3)])
    await drain(deployment)

    view = await look(deployment.queue, deployment.clock.now())

    assert (len(view.letters), view.more_letters) == (DEAD_LETTERS, 3)
    assert any("dead letters" in complaint for complaint in view.complaints)


async def test_failures_are_those_that_wait_to_be_tried_again_and_reviewed_ones(deployment):
    stumbled = await deployment.queue.enqueue(Stumble())
    failed = await deployment.queue.enqueue(Fail())
    reviewed = await deployment.queue.enqueue(Fail())
    await deployment.queue.enqueue(Echo(), delay=60)
    await drain(deployment)
    letters = {letter.job_id: letter.id for letter in (await deployment.queue.dead_letters()).items}
    await deployment.queue.review_dead_letter(letters[reviewed.id])

    view = await look(deployment.queue, deployment.clock.now())

    assert [letter.job_id for letter in view.letters] == [failed.id]
    assert {job.id for job in view.failures} == {stumbled.id, reviewed.id}


async def test_failures_are_cut_latest_first(deployment):
    await deployment.queue.enqueue_many([Stumble() for _ in range(FAILURES + 5)])
    await drain(deployment)

    view = await look(deployment.queue, deployment.clock.now())

    moments = [job.updated_at for job in view.failures]
    assert len(moments) == FAILURES
    assert moments == sorted(moments, reverse=True)


async def test_types_come_with_their_numbers_limit_and_state_idle_ones_last(deployment):
    await deployment.queue.enqueue_many([Fail(), Fail()])
    await drain(deployment)
    await deployment.queue.enqueue(Fail(), delay=60)
    await deployment.queue.set_limit("stumble", "60/m")
    await deployment.queue.pause("unhandled")

    rows = {row.type: row for row in (await look(deployment.queue, deployment.clock.now())).types}

    assert (rows["fail"].waiting, rows["fail"].failed, rows["fail"].running) == (1, 2, 0)
    assert rows["stumble"].limit is not None
    assert rows["stumble"].limit.text == "60/m"
    assert rows["unhandled"].paused
    assert list(rows)[-1] == "nightly"


async def test_runners_are_those_of_living_workers(deployment):
    async with running_worker(deployment):
        view = await look(deployment.queue, deployment.clock.now())
    assert view.runners == 8
    assert view.complaints == ()
