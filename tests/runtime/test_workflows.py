"""Workflows begun anew, beside a worker that is quicker than whoever asks."""

from runtime.flow import chain, group
from runtime.model.outcomes import Failed
from runtime.transaction import JobTransaction
from runtime.workflows import WorkflowControl
from tests.runtime.obedient import Obey
from tests.runtime.store.synchronous import Store


class Hurried:
    """A database where all that is due has been run, and has failed, before a write is answered."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.writes = 0

    async def read(self, fn, *args, **kwargs):
        return self.store(fn, *args, **kwargs)

    async def write(self, fn, *args, **kwargs):
        answer = self.store(fn, *args, **kwargs)
        self.work(Failed("broken", final=True))
        self.writes += 1
        assert self.writes < 10, "it goes on for ever"
        return answer

    def work(self, outcome) -> None:
        while jobs := self.store.claim(100).jobs:
            for job in jobs:
                self.store.end(job, outcome)


async def test_what_fails_again_at_once_is_begun_anew_once():
    hurried = Hurried(Store())
    flow = chain(Obey(), group(Obey(), Obey()))
    workflow = hurried.store(JobTransaction.store_flow, flow)
    hurried.work(Failed("broken", final=True))

    found = await WorkflowControl(hurried, {"obey": Obey}).retry_workflow(workflow.id)

    assert (found.state, found.failed, found.cancelled, hurried.writes) == ("failed", 1, 2, 1)
    assert hurried.store.job(workflow.id).attempts == 2


async def test_all_of_it_is_begun_anew_over_several_transactions():
    store = Store()
    workflow = store(JobTransaction.store_flow, group(*[Obey()] * 1_200))
    hurried = Hurried(store)
    hurried.work(Failed("broken", final=True))

    await WorkflowControl(hurried, {"obey": Obey}).retry_workflow(workflow.id)

    assert hurried.writes == 2
    assert store.rows("SELECT attempts, count(*) FROM jobs GROUP BY 1") == [(2, 1_200)]
