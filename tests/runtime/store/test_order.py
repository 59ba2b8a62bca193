"""The order in which jobs start is that of one sort over all rows, whatever there is."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.model.rates import Rate
from runtime.store import limits
from tests.runtime.obedient import Limited, Obey, Other
from tests.runtime.store.synchronous import Store

AGINGS = st.sampled_from([0.0, 0.1, 1.0, 600.0])
JOBS = st.lists(
    st.tuples(
        st.sampled_from([Obey, Other, Limited]),
        st.sampled_from([0, 1, 5, 10, 20, 99, 100]),
        # Few and far apart, so that ranks and due times are often equal.
        st.sampled_from([0.0, 0.1, 1.0, 5.0, 600.0, 3000.0]) | st.floats(0, 1e6),
    ),
    max_size=40,
)


def stored(jobs) -> Store:
    store = Store()
    for model, priority, ago in jobs:
        store.enqueue(model(), priority=priority, at=store.now - ago)
    return store


def sorted_rows(store: Store, aging: float) -> list[int]:
    rows = store.rows("SELECT id, priority, scheduled_at FROM jobs WHERE status = 'pending'")

    def key(row):
        job, priority, due = row
        return (due - priority * aging if aging else -priority), due, job

    return [row[0] for row in sorted(rows, key=key)]


@given(jobs=JOBS, aging=AGINGS, sizes=st.lists(st.integers(1, 7), min_size=40, max_size=40))
@settings(deadline=None, max_examples=100)
def test_claims_of_any_size_come_in_the_order_of_rank_due_time_and_id(jobs, aging, sizes):
    store = stored(jobs)
    expected = sorted_rows(store, aging)

    claimed = [job.id for size in sizes for job in store.claim(size, aging=aging).jobs]

    assert claimed == expected


@given(
    jobs=JOBS, aging=AGINGS, least=st.integers(0, 100), most=st.integers(0, 100),
    types=st.frozensets(st.sampled_from(["obey", "other", "limited"])),
)  # fmt: skip
@settings(deadline=None, max_examples=50)
def test_a_dedicated_worker_gets_its_share_in_the_same_order(jobs, aging, least, most, types):
    store = stored(jobs)
    rows = store.rows("SELECT id FROM jobs WHERE priority BETWEEN ? AND ?", least, most)
    allowed = {job for (job,) in rows} & {
        job for job, job_type in store.rows("SELECT id, type FROM jobs") if job_type in types
    }
    expected = [job for job in sorted_rows(store, aging) if job in allowed]

    claim = store.claim(100, aging=aging, types=types, min_priority=least, max_priority=most)

    assert [job.id for job in claim.jobs] == expected


@given(jobs=JOBS, aging=AGINGS, tokens=st.integers(1, 5), free=st.integers(0, 9))
@settings(deadline=None, max_examples=50)
def test_a_limited_type_gives_its_first_ones_and_the_others_move_up(jobs, aging, tokens, free):
    store = stored(jobs)
    store(limits.change, "limited", Rate.parse("1/h", tokens))
    # Ahead of the runners only while the bucket is over half full.
    allowance, expected = max(min(tokens, free), tokens - math.ceil(tokens / 2)), []
    for job in sorted_rows(store, aging):
        if store.job(job).type == "limited":
            allowance -= 1
            if allowance < 0:
                continue
        expected.append(job)

    claim = store.claim(100, aging=aging, free=free)

    assert [job.id for job in claim.jobs] == expected
