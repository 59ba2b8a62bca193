"""The same program on SQLite, on PostgreSQL and on a model of who owns what: all agree at every step."""

from collections.abc import Callable
from typing import ClassVar

import outcome
import pytest
from hypothesis import HealthCheck, settings

from runtime.errors import CrecheError
from runtime.model.records import JobRecord
from tests.runtime.store.synchronous import Store
from tests.runtime.store.synchronous_postgres import PostgresPlace, PostgresStore
from tests.runtime.store.test_model_based import QueueMachine


class Twins(Store):
    """Two stores that are told the same."""

    def __init__(self, place: PostgresPlace) -> None:
        super().__init__()
        self._other = PostgresStore(place)
        self._place = place
        self._other.use(self.clock)

    def __call__(self, fn: Callable, /, *args, **kwargs):
        self._agree_on_the_next_id()
        ours = outcome.capture(super().__call__, fn, *args, **kwargs)
        theirs = outcome.capture(self._other, fn, *args, **kwargs)
        assert _comparable(theirs) == _comparable(ours)
        assert self._other.announced == self.announced
        return ours.unwrap()

    def group(self, *fns: Callable) -> list:
        if len(fns) == 1:
            return super().group(*fns)  # a part of a call
        self._agree_on_the_next_id()
        before = self._ids(super())
        ours, theirs = super().group(*fns), self._other.group(*fns)
        assert [answer.failed for answer in theirs] == [answer.failed for answer in ours]
        # Of a group in which some failed, the others ran twice there, and their first ids were lost.
        for there, here in zip(
            sorted(self._ids(self._other) - before), sorted(self._ids(super()) - before), strict=True
        ):
            self._other.execute("UPDATE jobs SET id = ? WHERE id = ?", here, there)
        return ours

    def rows(self, sql: str, *parameters) -> list[tuple]:
        ours, theirs = super().rows(sql, *parameters), self._other.rows(sql, *parameters)
        assert sorted(theirs, key=repr) == sorted(ours, key=repr)
        return ours

    def job(self, job_id: int) -> JobRecord:
        ours = super().job(job_id)
        assert self._other.job(job_id) == ours
        return ours

    def _agree_on_the_next_id(self) -> None:
        ((upcoming,),) = super().rows("SELECT next FROM job_ids")
        self._place.next_id_is(upcoming)

    def _ids(self, store: Store) -> set[int]:
        return {job for (job,) in store.rows("SELECT id FROM jobs")}


def _comparable(answer: outcome.Outcome) -> object:
    if isinstance(answer, outcome.Value):
        value = answer.value
        return sorted(value) if isinstance(value, list) else value
    assert isinstance(answer, outcome.Error)
    assert isinstance(answer.error, CrecheError), answer.error
    return type(answer.error), str(answer.error)


class BothMachine(QueueMachine):
    """See `QueueMachine`: the model is its books."""

    place: ClassVar[PostgresPlace]

    def new_store(self) -> Store:
        return Twins(self.place)


class TestTheSameProgramOnBothDatabases(BothMachine.TestCase):
    settings = settings(
        max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _place(cls, postgres_place):
        BothMachine.place = postgres_place
