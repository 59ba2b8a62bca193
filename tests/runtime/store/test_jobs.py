"""Jobs stored in bulk are what they would be one by one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.model.records import Status
from runtime.store import jobs
from runtime.store.jobs import AT_ONCE, FEW
from runtime.store.subjects import DUE, SCHEDULED
from runtime.transaction import JobTransaction
from tests.runtime.obedient import Obey, Other
from tests.runtime.store.synchronous import TEXTS

ALL = "SELECT * FROM jobs WHERE id BETWEEN ? AND ? ORDER BY id"
AWKWARD = ["", '"', "\\", "\\u0041", "\n\t\x01\x7f", "{}[],'", "ä € 😀 \u2028", "NULL", "x" * 50_000]

lengths = st.sampled_from([1, 2, FEW - 1, FEW, FEW + 1, AT_ONCE, AT_ONCE + 1])


def enqueue_each(tx: JobTransaction, jobs: list, **options) -> list[int]:
    return [tx.enqueue(job, **options).id for job in jobs]


@pytest.mark.parametrize(
    ("delay", "status", "subject"), [(0, Status.PENDING, DUE), (9, Status.SCHEDULED, SCHEDULED)]
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.lists(st.tuples(st.sampled_from([Obey, Other]), lengths), max_size=4))
def test_a_batch_of_any_types_is_stored_as_its_jobs_would_be_alone(store, runs, delay, status, subject):
    models = [model for model, length in runs for _ in range(length)]
    batch = [model(name=f"number {place}") for place, model in enumerate(models)]

    together = store(JobTransaction.enqueue_many, batch, delay=delay, priority=7)
    announced = store.announced
    alone = store(enqueue_each, batch, delay=delay, priority=7)

    assert announced == ({subject} if batch else set())
    stored, wanted = (store.rows(ALL, ids[0], ids[-1]) if ids else [] for ids in (together, alone))
    assert [row[0] for row in stored] == together
    assert [row[1:] for row in stored] == [row[1:] for row in wanted]
    assert {row[3] for row in stored} <= {status.value}


@pytest.mark.parametrize("number", [1, FEW])
def test_any_text_in_a_payload_survives_in_a_batch(store, number):
    batch = [Obey(name=text) for text in AWKWARD for _ in range(number)]

    ids = store(JobTransaction.enqueue_many, batch)

    assert [Obey.parse(store.job(job_id).payload) for job_id in ids] == batch


def test_batches_of_one_commit_and_what_is_enqueued_between_them_keep_their_order(store):
    requests = store.group(
        lambda tx: tx.enqueue_many([Obey(name="a")] * FEW),
        lambda tx: [tx.enqueue(Obey(name="b")).id],
        lambda tx: tx.enqueue_many([Obey(name="c"), *[Other(name="d")] * FEW]),
    )
    ids = [job_id for request in requests for job_id in request.result()]

    assert ids == sorted(ids)
    names = "".join(
        Obey.parse(store.job(job_id).payload).name for job_id in ids if store.job(job_id).type == "obey"
    )
    assert names == FEW * "a" + "bc"
    assert len(ids) == 2 * FEW + 2


@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("job_type", [None, "obey"])
@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.PROCESSING])
def test_a_list_is_the_same_whether_few_or_many_have_that_status(store, monkeypatch, status, job_type, few):
    monkeypatch.setattr(jobs, "FEW_TO_SORT", few)
    ids = store(JobTransaction.enqueue_many, [Obey(), Other()] * 4)
    if status is Status.SCHEDULED:
        ids = store(JobTransaction.enqueue_many, [Obey(), Other()] * 4, delay=9)
    else:
        assert len(store.claim(20).jobs) == 8
    wanted = [job_id for job_id in reversed(ids) if job_type is None or store.job(job_id).type == job_type]

    first = store(jobs.page, status=status, job_type=job_type, limit=3, cursor=None)
    second = store(jobs.page, status=status, job_type=job_type, limit=200, cursor=first.cursor)

    assert [record.id for record in [*first.items, *second.items]] == wanted
    assert second.cursor is None


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.PROCESSING])
def test_few_of_a_status_are_found_by_its_index(sqlite_store, status):
    values = {"status": status.value, "before": jobs.NEWEST, "most": 51}
    plan = sqlite_store.connection.execute(f"EXPLAIN QUERY PLAN {TEXTS['list_few_jobs_by_status']}", values)

    assert any(f"USING INDEX jobs_{status.value}" in row[3] for row in plan)
