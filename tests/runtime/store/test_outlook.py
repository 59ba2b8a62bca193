"""Outlook: one query says what is due and all that may keep it from starting."""

from runtime.model.rates import Rate
from runtime.store.outlook import Arm, look
from runtime.store.type_limits import TypeBounds
from tests.runtime.obedient import Limited, Obey, Other


async def test_an_arm_is_a_type_and_priority_with_its_oldest_due_job(autojump_clock, deployment):
    now = deployment.clock.now()
    for moment in (now - 3, now - 7, now + 60):
        await deployment.queue.enqueue(Obey(), at=moment, priority=5)
    await deployment.queue.enqueue(Obey(), at=now - 1, priority=2)
    await deployment.queue.enqueue(Other(), at=now - 2, priority=9)

    outlook = await deployment.db.read(look)

    assert outlook.arms == [Arm("obey", 2, now - 1), Arm("obey", 5, now - 7), Arm("other", 9, now - 2)]
    assert outlook.open_arms == outlook.arms
    assert not outlook.dated


async def test_where_nothing_waits_and_nothing_is_limited_there_is_nothing(autojump_clock, deployment):
    await deployment.queue.remove_limit("limited")  # which its handler declares

    outlook = await deployment.db.read(look)

    assert (outlook.arms, outlook.paused, outlook.rates, outlook.bounds) == ([], set(), {}, {})


async def test_a_paused_types_arm_is_there_and_not_open(autojump_clock, deployment):
    await deployment.queue.enqueue(Obey())
    await deployment.queue.enqueue(Other())
    await deployment.queue.pause("obey")

    outlook = await deployment.db.read(look)

    assert [arm.type for arm in outlook.arms] == ["obey", "other"]
    assert [arm.type for arm in outlook.open_arms] == ["other"]


async def test_limits_hold_until_they_are_removed(autojump_clock, deployment):
    await deployment.queue.set_limit("obey", "2/s", 3)
    await deployment.queue.set_limit("other", concurrency=4)

    outlook = await deployment.db.read(look)
    assert outlook.rates["obey"].rate == Rate.parse("2/s:3")
    assert outlook.rates["obey"].whole(deployment.clock.now()) == 3
    assert outlook.bounds["other"] == TypeBounds(concurrency=4, of_key=None)

    await deployment.queue.remove_limit("obey")
    await deployment.queue.remove_limit("other")
    outlook = await deployment.db.read(look)
    assert "obey" not in outlook.rates
    assert "other" not in outlook.bounds


async def test_one_job_with_a_deadline_is_enough_to_look_at_deadlines(autojump_clock, deployment):
    await deployment.queue.enqueue(Limited(), done_within=3600.0)

    assert (await deployment.db.read(look)).dated
