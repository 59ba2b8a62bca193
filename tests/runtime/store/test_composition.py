"""Jobs that wait for jobs: counted down, cancelled, brought back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import InvalidInput
from runtime.flow import chain, group
from runtime.model.composition import WorkflowState
from runtime.model.outcomes import Completed, Failed
from runtime.model.records import Status
from runtime.store import composition, control, endings, retention, workflows
from runtime.transaction import JobTransaction
from tests.runtime.obedient import Obey
from tests.runtime.store.synchronous import Store

FAILED = Failed("broken", final=True)


def status(store, job_id) -> str:
    return store.job(job_id).status.value


def work(store, outcomes=None, most=200) -> None:
    """Run whatever is due until nothing is; `outcomes` by job id, else completed."""
    while jobs := store.claim(most).jobs:
        ended = [store.ending(job, (outcomes or {}).get(job.id, Completed())) for job in jobs]
        store(endings.finish_many, "w1", ended)


def test_a_job_is_due_when_the_last_of_its_parents_has_completed(store):
    first, second = store.enqueue(Obey()), store.enqueue(Obey())
    child = store.enqueue(Obey(), depends_on=[first.id, second.id])
    assert child.status is Status.BLOCKED
    assert store(composition.wait_reason, child.id) == f"waits for jobs {first.id}, {second.id}"

    (one,) = store.claim(1).jobs
    store.end(one)
    assert status(store, child.id) == "blocked"
    store.sleep(5)
    (other,) = store.claim(1).jobs
    store.end(other)

    assert status(store, child.id) == "pending"
    assert store.job(child.id).scheduled_at == store.now, "it has waited in no queue before"
    assert "due" in store.announced


def test_parents_that_do_not_exist_are_refused_by_their_place(store):
    parent = store.enqueue(Obey()).id
    with pytest.raises(InvalidInput, match=r"dependsOn\.1: there is no job 999"):
        store.enqueue(Obey(), depends_on=[parent, 999])
    assert store(_pending) == 1


def _pending(tx):
    return len(tx.all("list_jobs", lambda *row: row, before=2**62, most=10))


@pytest.mark.parametrize(
    ("on_failure", "expected"), [("cancel", "cancelled"), ("run", "pending"), ("wait", "blocked")]
)
@pytest.mark.parametrize("already", [False, True])
def test_the_failure_of_a_parent_does_what_the_job_says(store, on_failure, expected, already):
    parent = store.enqueue(Obey()).id
    if already:
        work(store, {parent: FAILED})
    child = store.enqueue(Obey(), depends_on=[parent], on_failure=on_failure).id
    grandchild = store.enqueue(Obey(), depends_on=[child]).id
    if not already:
        (job,) = store.claim(1).jobs
        store.end(job, FAILED)

    assert status(store, child) == expected
    assert status(store, grandchild) == ("cancelled" if expected == "cancelled" else "blocked")
    if expected == "cancelled":
        assert f"job {parent}, which it depends on" in store.job(child).last_error


def test_workflows_are_listed_by_state_and_drawn_by_their_edges(store):
    flow = chain(Obey(), group(Obey(), Obey()))
    failing, good, cancelled = (store(JobTransaction.store_flow, flow).id for _ in range(3))
    store.enqueue(Obey(), depends_on=[good])
    store(control.cancel, cancelled)
    work(store, {failing: FAILED})
    running = store(JobTransaction.store_flow, flow).id

    for state, expected in zip(WorkflowState, (running, good, failing, cancelled), strict=True):
        assert [w.id for w in store(workflows.page, limit=9, cursor=None, state=state).items] == [expected]
    drawn = store(workflows.graph, good, most=3)
    assert [(edge.parent_id - good, edge.job_id - good) for edge in drawn.edges] == [(0, 1), (0, 2)]
    assert [job.id - good for job in drawn.jobs] == [0, 1, 2]
    assert store(workflows.graph, good, most=2) is None


def test_a_parent_that_completed_long_ago_is_no_reason_to_wait(store):
    parent = store.enqueue(Obey()).id
    work(store)
    assert store.enqueue(Obey(), depends_on=[parent]).status is Status.PENDING


def test_a_parent_begun_anew_brings_back_what_its_failure_cancelled_and_nothing_else(store):
    parent = store.enqueue(Obey()).id
    child = store.enqueue(Obey(), depends_on=[parent]).id
    grandchild = store.enqueue(Obey(), depends_on=[child]).id
    unwanted = store.enqueue(Obey(), depends_on=[parent]).id
    store(control.cancel, unwanted)
    work(store, {parent: FAILED})
    assert [status(store, job) for job in (child, grandchild)] == ["cancelled"] * 2

    store(control.retry, parent, 1)

    assert [status(store, job) for job in (child, grandchild, unwanted)] == [
        "blocked",
        "blocked",
        "cancelled",
    ]
    work(store)
    assert [status(store, job) for job in (child, grandchild, unwanted)] == ["completed"] * 2 + ["cancelled"]


def test_a_dependant_begun_anew_waits_first(store):
    parent = store.enqueue(Obey()).id
    child = store.enqueue(Obey(), depends_on=[parent]).id
    store(control.cancel, child)

    assert store(control.retry, child, 1).status is Status.BLOCKED
    work(store)
    assert status(store, child) == "completed"


def test_cancelling_a_job_cancels_what_waits_for_it(store):
    parent = store.enqueue(Obey(), delay=60).id
    child = store.enqueue(Obey(), depends_on=[parent]).id
    store(control.cancel, parent)
    assert status(store, child) == "cancelled"


def test_a_delay_is_kept_when_the_parents_are_done_before(store):
    parent = store.enqueue(Obey()).id
    child = store.enqueue(Obey(), depends_on=[parent], delay=60).id
    work(store)
    assert status(store, child) == "scheduled"


def test_a_fan_in_of_thousands_is_promoted_once_by_the_last(store):
    flow = chain(group(*[Obey() for _ in range(2000)]), Obey(name="last"))
    workflow = store.enqueue(flow, name="many")
    last = workflow.id + 2000
    assert status(store, last) == "blocked"
    unfinished = []
    while jobs := store.claim(250).jobs:
        store(endings.finish_many, "w1", [store.ending(job) for job in jobs])
        unfinished.append((store(composition.still_waits, last), status(store, last)))

    assert unfinished[-2:] == [(False, "pending"), (False, "completed")]
    assert set(unfinished[:-2]) == {(True, "blocked")}
    assert store(workflows.find, workflow.id).state is WorkflowState.COMPLETED


def test_a_chain_whose_first_job_fails_is_cancelled_to_its_end_and_comes_back(store):
    length = 300
    workflow = store.enqueue(chain(*[Obey() for _ in range(length)]))
    work(store, {workflow.id: FAILED})
    ended = store(workflows.find, workflow.id)
    assert (ended.state, ended.failed, ended.cancelled) == (WorkflowState.FAILED, 1, length - 1)

    store(control.retry, workflow.id, 1)
    again = store(workflows.find, workflow.id)
    assert (again.state, again.unfinished, again.finished_at) == (WorkflowState.RUNNING, length, None)
    work(store)
    assert store(workflows.find, workflow.id).completed == length


def test_what_a_running_job_adds_is_waited_for_and_belongs_to_its_workflow(store):
    workflow = store.enqueue(chain(Obey(), Obey()))
    (running,) = store.claim().jobs

    def complete(tx):
        tx.within = running.id
        added = tx.enqueue(Obey(), awaited=True).id
        free = tx.enqueue(Obey()).id
        tx.within = None
        endings.finish(tx, "w1", store.ending(running))
        return added, free

    added, free = store(complete)

    assert status(store, workflow.id + 1) == "blocked"
    assert store(workflows.find, workflow.id).total == 4
    for job in store.claim().jobs:
        store.end(job)
    assert [status(store, job) for job in (added, free, workflow.id + 1)] == ["completed"] * 2 + ["pending"]


def test_what_a_running_job_adds_may_not_wait_for_what_is_to_wait_for_it(store):
    """The one way to a circle: all jobs of it would wait for each other, for ever."""
    workflow = store.enqueue(chain(Obey(), Obey(), Obey()))
    elsewhere = store.enqueue(Obey(), delay=60).id
    (running,) = store.claim().jobs

    def add(tx, *parents):
        tx.within = running.id
        try:
            return tx.enqueue(Obey(), awaited=True, depends_on=[elsewhere, *parents]).id
        finally:
            tx.within = None

    for place in (workflow.id + 1, workflow.id + 2):
        with pytest.raises(InvalidInput, match=rf"dependsOn\.1: job {place} waits for this one"):
            store(add, place)
    added = store(add, running.id)
    store.end(running)
    store(control.retry, elsewhere, 1)
    work(store)
    assert [status(store, job) for job in (added, workflow.id + 2)] == ["completed"] * 2


def test_a_parent_is_not_pruned_while_somebody_waits_and_a_workflow_goes_with_its_last_job(store):
    workflow = store.enqueue(chain(Obey(), Obey()))
    (first,) = store.claim().jobs
    waiting = store.enqueue(Obey(), depends_on=[workflow.id, store.enqueue(Obey(), delay=1000).id]).id
    store.end(first)
    (second,) = store.claim().jobs
    store.end(second)
    store.sleep(10)

    assert store(retention.prune_finished, store.now, 100) == 1, "the first has a dependant"
    store(control.cancel, waiting)
    store.sleep(1)
    store(retention.prune_finished, store.now, 100)

    assert store(workflows.page, limit=5, cursor=None).items == ()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_graph_ends_as_its_rules_say(data):
    """Against an oracle: what each job comes to, from its parents' ends alone."""
    store = Store()
    number = data.draw(st.integers(2, 12))
    parents, policy, broken, ids = [], [], [], []
    for position in range(number):
        chosen = data.draw(st.sets(st.integers(0, position - 1), max_size=3)) if position else set()
        parents.append(sorted(chosen))
        policy.append(data.draw(st.sampled_from(["cancel", "run", "wait"])))
        broken.append(data.draw(st.booleans()))
        depends_on = [ids[parent] for parent in parents[-1]]
        ids.append(store.enqueue(Obey(), depends_on=depends_on, on_failure=policy[-1]).id)
    fails = {job: FAILED for job, fail in zip(ids, broken, strict=True) if fail}
    work(store, fails, most=data.draw(st.integers(1, 5)))

    expected: list[str] = []
    for position in range(number):
        ends = [expected[parent] for parent in parents[position]]
        bad = any(end in {"failed", "cancelled"} for end in ends)
        if bad and policy[position] == "cancel":
            expected.append("cancelled")
        elif "blocked" in ends or (bad and policy[position] == "wait"):
            expected.append("blocked")
        else:
            expected.append("failed" if broken[position] else "completed")
    assert [status(store, job) for job in ids] == expected
    assert {
        (t, s): n for t, s, n in store.rows("SELECT type, status, count FROM job_counts WHERE count")
    } == {(t, s): n for t, s, n in store.rows("SELECT type, status, COUNT(*) FROM jobs GROUP BY 1, 2")}


def test_a_flow_in_a_function_that_fails_leaves_nothing(store):
    def fail(tx: JobTransaction) -> None:
        tx.enqueue(chain(Obey(), Obey()))
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store(fail)
    assert store(_pending) == 0
    assert store(workflows.page, limit=5, cursor=None).items == ()
