from runtime.flow import chain, group
from runtime.testing import drain
from tests.web.obedient import Echo, Fail
from web.workflow_view import JOBS, LARGEST_GRAPH, PAGE, look_at_workflow, look_at_workflows


async def look(deployment, workflow_id, cursor=None):
    return await look_at_workflow(deployment.queue, deployment.clock.now(), workflow_id, cursor)


async def test_jobs_stand_below_those_that_they_wait_for(deployment):
    flow = chain(Echo(), group(chain(Echo(), Echo()), *[Echo()] * 4), Echo())
    stored = await deployment.queue.enqueue(flow)

    rows = (await look(deployment, stored.id)).jobs

    assert [row.step for row in rows] == [1, 2, 2, 2, 2, 2, 3, 4]
    assert [row.job.id - stored.id for row in rows] == [0, 1, 3, 4, 5, 6, 2, 7]
    assert (rows[-1].parents, rows[-1].more_parents) == (tuple(stored.id + n for n in (2, 3, 4)), 2)


async def test_what_has_no_picture_has_its_steps_and_what_is_larger_still_its_jobs_alone(deployment):
    long = await look(deployment, (await deployment.queue.enqueue(chain(*[Echo()] * 150))).id)
    vast = await look(deployment, (await deployment.queue.enqueue(group(*[Echo()] * (LARGEST_GRAPH + 1)))).id)

    assert (long.picture, len(long.layers), len(long.jobs)) == (None, 2, JOBS)
    assert (vast.picture, vast.layers, vast.jobs[0].step) == (None, (), None)
    rest = await look(deployment, long.record.id, long.cursor)
    assert (len(rest.jobs), rest.jobs[0].step, rest.cursor) == (50, 101, None)


async def test_of_one_state_only_those_are_listed(deployment):
    failed = await deployment.queue.enqueue(chain(Fail(), Echo()), name="bad")
    await drain(deployment)
    for number in range(PAGE + 1):
        await deployment.queue.enqueue(group(Echo()), name=str(number))

    now = deployment.clock.now()
    listed = await look_at_workflows(deployment.queue, now, failed.state.FAILED, None)
    running = await look_at_workflows(deployment.queue, now, failed.state.RUNNING, None)

    assert [workflow.id for workflow in listed.page.items] == [failed.id]
    assert (len(running.page.items), running.page.cursor) == (PAGE, running.page.items[-1].id)
