"""What a type checker must refuse: each marked line, and no other."""

from collections.abc import Sequence

from runtime.app import App, Deployment
from runtime.batch import BatchContext
from runtime.client import Queue
from runtime.context import Context
from runtime.flow import chain, group, step
from runtime.handlers import Handlers
from runtime.job import Job
from runtime.per_key import PerKey
from runtime.transaction import JobTransaction


class Charge(Job, type="charge"):
    order_id: int


class Notify(Job, type="notify"):
    to: str


class Other(Job, type="other"):
    pass


app = App("types")
handlers = Handlers()


@app.handler()
async def charge(job: Charge, ctx: Context) -> None:
    ctx.enqueue(Notify(to="ada"), awaited=True)
    ctx.enqueue("notify")  # wrong
    ctx.enqueue(Notify(to="ada"), dely=5)  # wrong


@app.handler()  # wrong
async def not_a_job(job: str) -> None: ...


@app.handler(timeout=3)
async def notify(job: Notify, ctx: Context) -> None: ...


@handlers.handler(cpu=True)
def render(job: Other) -> bytes:
    return b""


@app.handler()  # wrong
async def no_context(job: Notify, ctx: int) -> None: ...


@app.handler()  # wrong
async def too_many(job: Notify, ctx: Context, more: int) -> None: ...


app.handler(missed="some")  # wrong


def order_of(job: Charge) -> int:
    return job.order_id


@handlers.handler(per_key=PerKey(order_of, rate="1/s"))
async def by_order(job: Charge) -> None: ...


@handlers.handler(per_key=PerKey[Charge](lambda job: job.order_id, concurrency=1))
async def by_lambda(job: Charge) -> None: ...


PerKey[Charge](lambda job: job.to, rate="1/s")  # wrong


@handlers.handler(per_key=PerKey(order_of, rate="1/s"))  # wrong
async def by_another(job: Notify) -> None: ...


def save(tx: JobTransaction, order: int) -> str:
    return str(order)


async def use(deployment: Deployment, ctx: Context) -> None:
    await notify(Notify(to="a"), ctx)
    await notify(Other(), ctx)  # wrong
    rendered: bytes = render(Other())
    saved: str = await deployment.db.write(save, 1)
    print(rendered, saved)
    await deployment.db.write(save, "one")  # wrong
    ctx.write(save, 1)
    ctx.write(save)  # wrong
    number: int = ctx.service(str)  # wrong
    print(number)


@app.batch_handler(size=10, wait=0.5)
async def notify_all(jobs: Sequence[Notify], ctx: BatchContext) -> None:
    for job in jobs:
        with ctx.item(job) as own:
            own.enqueue(Charge(order_id=1))
            own.enqueue(Charge(order_id="one"))  # wrong
    ctx.fail(jobs[0], "why")
    ctx.fail(jobs, "why")  # wrong
    ctx.snooze(jobs[0], "soon")  # wrong


@app.batch_handler()
async def charge_all(jobs: list[Charge]) -> None: ...


@app.batch_handler(size="many")  # wrong
async def refuse(jobs: list[Charge]) -> None: ...


@app.batch_handler()  # wrong
async def one_job(job: Charge) -> None: ...


@app.batch_handler()  # wrong
async def no_jobs(jobs: list[str], ctx: BatchContext) -> None: ...


@app.batch_handler()  # wrong
async def context_of_one(jobs: list[Charge], ctx: Context) -> None: ...


async def call(one: Charge, context: BatchContext) -> None:
    await notify_all([Notify(to="ada")], context)
    await notify_all([one], context)  # wrong


async def enqueue(queue: Queue, tx: JobTransaction) -> None:
    record = await queue.enqueue(Charge(order_id=1), delay=60, key="once", depends_on=[1])
    print(record.scheduled_at)
    await queue.enqueue(Charge(order_id="one"))  # wrong
    await queue.enqueue({"order_id": 1})  # wrong
    await queue.enqueue(Charge(order_id=1), on_failure="maybe")  # wrong

    workflow = await queue.enqueue(chain(Charge(order_id=1), group(Notify(to="ada"))), name="both")
    print(workflow.progress)
    tx.enqueue(chain(Charge(order_id=1), Notify(to="ada")), done_within=60)
    print(workflow.scheduled_at)  # wrong
    await queue.enqueue(chain(Charge(order_id=1), "notify"))  # wrong
    tx.enqueue(group(step(Notify(to="ada"), delay=5), step(Notify(to="ada"), key="k")))  # wrong
    tx.enqueue(chain(Charge(order_id=1), Notify(to=5)))  # wrong
