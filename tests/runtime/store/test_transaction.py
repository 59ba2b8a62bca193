"""What a transaction gathers is written once, at its end, and only for those functions that succeeded."""

import pytest

from runtime.model.records import Status
from runtime.store import jobs
from tests.runtime.obedient import Obey
from tests.runtime.store.synchronous import START, Store


@pytest.fixture
def store():
    return Store()


def counts(store: Store) -> dict[tuple[str, str], int]:
    return {
        (job_type, status): count
        for job_type, status, count in store.rows("SELECT type, status, count FROM job_counts")
    }


def test_many_changes_of_one_counter_are_one_write(store):
    written = []
    store.connection.set_update_hook(lambda _op, _db, table, _row: written.append(table))

    store.group(*[lambda tx: tx.enqueue(Obey())] * 50)

    assert counts(store) == {("obey", "pending"): 50}
    assert written.count("jobs") == 50
    assert written.count("job_ids") == 1
    changes = store.connection.total_changes()
    store.group(*[lambda tx: tx.count("obey", Status.PENDING)] * 50)
    assert store.connection.total_changes() - changes == 1


def test_changes_that_cancel_out_are_not_written(store):
    def there_and_back(tx):
        tx.count("obey", Status.PENDING)
        tx.count("obey", Status.PENDING, -1)

    store(there_and_back)

    assert counts(store) == {}


def test_what_a_failed_function_counted_and_noted_is_forgotten(store):
    def count(tx, error=None):
        tx.count("obey", Status.PENDING, 3)
        tx.note("obey", "completed", 3)
        if error:
            raise error

    store.group(count, lambda tx: count(tx, LookupError()), count)

    assert counts(store) == {("obey", "pending"): 6}
    assert store.rows("SELECT count FROM job_history") == [(6,)]


def test_the_history_is_by_the_minute_of_the_transaction(store):
    for seconds in (0, 59, 1):
        store.sleep(seconds)
        store(lambda tx: tx.note("obey", "completed"))

    assert store.rows("SELECT minute, count FROM job_history ORDER BY minute") == [
        (START // 60, 2),
        (START // 60 + 1, 1),
    ]


def test_ids_are_consecutive_and_never_given_out_twice(store):
    def reserve(number, error=None):
        def fn(tx):
            ids = tx.reserve_ids(number)
            if error:
                raise error
            return list(ids)

        return fn

    first, second = store.group(reserve(2), reserve(3))
    assert first.result() + second.result() == [1, 2, 3, 4, 5]

    _, third = store.group(reserve(4, LookupError()), reserve(1))
    assert third.result() == [10], "those of a failed function stay unused"
    assert store(reserve(1)) == [11]


def test_a_transaction_that_failed_as_a_whole_has_used_no_id(store):
    def reserve_and_fail(tx):
        tx.reserve_ids(5)
        raise LookupError

    with pytest.raises(LookupError):
        store(reserve_and_fail)

    assert store(lambda tx: list(tx.reserve_ids(1))) == [1]


def test_a_transaction_that_only_reads_writes_nothing(store):
    before = store.connection.total_changes()

    store(lambda tx: tx.all("read_counts", lambda *row: row))

    assert store.connection.total_changes() == before


def enqueue(tx):
    return tx.enqueue(Obey()).id


def test_whoever_runs_a_statement_finds_the_jobs_enqueued_before_it(store):
    def enqueue_and_look(tx):
        mine = enqueue(tx)
        return jobs.find(tx, mine).id, jobs.find(tx, mine - 1).id

    before, looked = store.group(enqueue, enqueue_and_look)

    assert looked.result() == (2, before.result())


def test_what_a_failed_function_enqueued_is_gone_and_its_neighbours_jobs_are_not(store):
    def enqueue_and_fail(tx):
        enqueue(tx)
        raise LookupError

    def enqueue_look_and_fail(tx):
        jobs.find(tx, enqueue(tx))
        raise LookupError

    store.group(enqueue, enqueue_and_fail, enqueue, enqueue_look_and_fail, enqueue)

    assert store.rows("SELECT id FROM jobs ORDER BY id") == [(1,), (3,), (5,)]
    assert store.rows("SELECT count FROM job_counts") == [(3,)]


def test_a_job_that_is_stored_is_a_witness_of_its_transaction(store):
    transactions = []

    def note(tx):
        transactions.append(tx)
        tx.count("obey", Status.PENDING)

    store(note)
    assert transactions[-1].witness() is None, "it stored nothing that others could not have"

    store.group(note, lambda tx: tx.enqueue(Obey()).id)
    name, parameters = transactions[-1].witness()
    assert store(lambda tx: tx.all(name, tuple_of, **parameters)) == [(1,)]
    earlier = {**parameters, "created_at": START - 1}
    assert store(lambda tx: tx.all(name, tuple_of, **earlier)) == [], "another job that had its number"


def tuple_of(*row):
    return row
