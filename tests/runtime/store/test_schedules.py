"""Schedules: a tick fires at most once, whoever tries; what an operator pauses is not made up for."""

import pytest

from runtime.errors import NotFound
from runtime.model.cron import Missed, Overlap, Schedule
from runtime.model.records import Status
from runtime.store import schedules
from runtime.store.schedules import DeclaredSchedule
from runtime.store.subjects import CONTROL, DUE
from runtime.transaction import new_job
from tests.runtime.obedient import Obey
from tests.runtime.store.synchronous import START, Store

HOUR = 3600
HOURLY = "0 * * * *"


def hourly(missed: Missed = Missed.ONE, overlap: Overlap = Overlap.ALLOW, **changes) -> DeclaredSchedule:
    rule = Schedule(changes.get("expression", HOURLY), "UTC", missed, overlap)
    return DeclaredSchedule(schedule=rule, job=new_job(Obey(name=changes.get("name", "")), START, priority=9))


def declared(store: Store, **options) -> DeclaredSchedule:
    schedule = hourly(**options)
    store(schedules.declare, schedule)
    return schedule


def listed(store: Store):
    (record,) = store(schedules.listed, frozenset({"obey"}))
    return record


def test_a_new_schedule_counts_its_ticks_from_now(store):
    schedule = declared(store, missed=Missed.ALL)

    assert store(schedules.fire, schedule) == []
    store.sleep(HOUR)
    (job,) = store(schedules.fire, schedule)
    assert (job.type, job.priority, job.status, job.scheduled_at) == ("obey", 9, Status.PENDING, store.now)
    assert store.announced == {DUE}


def test_a_tick_fires_once_however_many_try(store):
    schedule = declared(store)
    store.sleep(HOUR + 1)

    fired = [len(store(schedules.fire, schedule)) for _ in range(3)]

    assert fired == [1, 0, 0]


def test_a_tick_fires_once_although_the_clock_goes_back_and_comes_again(store):
    schedule = declared(store, missed=Missed.ALL)
    store.sleep(2 * HOUR)
    assert len(store(schedules.fire, schedule)) == 2
    store.sleep(-2 * HOUR)

    assert store(schedules.fire, schedule) == []
    store.sleep(2 * HOUR)
    assert store(schedules.fire, schedule) == []
    store.sleep(HOUR)
    assert len(store(schedules.fire, schedule)) == 1


def test_two_in_one_commit_fire_a_tick_once(store):
    schedule = declared(store)
    store.sleep(HOUR)

    answered = store.group(*[lambda tx: schedules.fire(tx, schedule)] * 2)

    assert [len(answer.result()) for answer in answered] == [1, 0]


@pytest.mark.parametrize(("missed", "fired"), [(Missed.ONE, 1), (Missed.ALL, 5), (Missed.SKIP, 0)])
def test_ticks_nobody_was_there_for_are_made_up_as_declared(store, missed, fired):
    schedule = declared(store, missed=missed)
    store.sleep(5.5 * HOUR)

    assert len(store(schedules.fire, schedule)) == fired
    assert listed(store).last_tick_at == (START + 5 * HOUR if fired else None)


def test_while_the_last_job_is_unfinished_a_tick_passes_where_overlap_is_skipped(store):
    schedule = declared(store, overlap=Overlap.SKIP)
    store.sleep(HOUR)
    (first,) = store(schedules.fire, schedule)
    store.sleep(HOUR)

    assert store(schedules.fire, schedule) == []

    (job,) = store.claim().jobs
    store.sleep(HOUR)
    assert store(schedules.fire, schedule) == [], "running is unfinished too"
    store.end(job)
    store.sleep(HOUR)
    assert len(store(schedules.fire, schedule)) == 1
    assert first.id == job.id


def test_ticks_made_up_together_overlap_too(store):
    schedule = declared(store, missed=Missed.ALL, overlap=Overlap.SKIP)
    store.sleep(5 * HOUR)

    assert len(store(schedules.fire, schedule)) == 1


def test_a_job_that_is_gone_keeps_no_tick_back(store):
    schedule = declared(store, overlap=Overlap.SKIP)
    store.sleep(HOUR)
    (job,) = store(schedules.fire, schedule)
    store(lambda tx: tx.run("delete_job", id=job.id))
    store.sleep(HOUR)

    assert len(store(schedules.fire, schedule)) == 1


def test_what_passes_while_it_is_paused_is_not_made_up_for(store):
    schedule = declared(store, missed=Missed.ALL)
    store(schedules.set_paused, "obey", paused=True)
    assert store.announced == {CONTROL}
    assert listed(store).paused

    store.sleep(3.5 * HOUR)
    store(schedules.set_paused, "obey", paused=False)

    assert store(schedules.fire, schedule) == []
    store.sleep(HOUR)
    assert len(store(schedules.fire, schedule)) == 1


def test_a_paused_schedule_fires_nothing_and_forgets_what_passes(store):
    schedule = declared(store, missed=Missed.ALL)
    store(schedules.set_paused, "obey", paused=True)
    store.sleep(3 * HOUR)

    assert store(schedules.fire, schedule) == []
    assert store.rows("SELECT count(*) FROM jobs") == [(0,)]


def test_an_operator_runs_it_now_apart_from_its_ticks(store):
    schedule = declared(store)
    store.sleep(HOUR / 2)

    record = store(schedules.run_now, "obey", schedule.job)

    assert (record.scheduled_at, record.status) == (store.now, Status.PENDING)
    store.sleep(HOUR / 2)
    assert len(store(schedules.fire, schedule)) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store(schedules.find, "nobody"),
        lambda store: store(schedules.run_now, "nobody", hourly().job),
        lambda store: store(schedules.set_paused, "nobody", paused=True),
    ],
)
def test_a_schedule_that_is_not_there_is_not_found(store, ask):
    with pytest.raises(NotFound, match="'nobody'"):
        ask(store)


def test_it_is_declared_when_rule_and_payload_are_the_same(store):
    assert not store(schedules.is_declared, hourly())
    declared(store)

    assert store(schedules.is_declared, hourly())
    for other in (
        hourly(expression="1 * * * *"),
        hourly(missed=Missed.ALL),
        hourly(overlap=Overlap.SKIP),
        hourly(name="other"),
    ):
        assert not store(schedules.is_declared, other)


def test_declared_again_it_keeps_its_count_and_its_pause(store):
    declared(store)
    store(schedules.set_paused, "obey", paused=True)
    store.sleep(HOUR)

    declared(store, expression="30 * * * *")

    assert listed(store).expression == "30 * * * *"
    assert listed(store).paused


def test_the_list_shows_what_the_code_still_declares_and_the_next_five_ticks(store):
    declared(store)

    assert store(schedules.listed, frozenset()) == []
    assert listed(store).next_ticks == tuple(START + hours * HOUR for hours in range(1, 6))
    assert listed(store).last_tick_at is None
