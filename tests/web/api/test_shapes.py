import json

from runtime.cli.shapes import record_json
from runtime.testing import drain
from tests.web.obedient import Fail
from web.api.shapes import AttemptShape, JobShape


def written(shape):
    return json.loads(shape.model_dump_json(by_alias=True))


async def test_the_command_writes_jobs_and_attempts_the_same(deployment):
    record = await deployment.queue.enqueue(Fail())
    await drain(deployment)
    detail = await deployment.queue.job(record.id)

    assert written(JobShape.of(detail.record)) == record_json(detail.record)
    assert written(AttemptShape.of(detail.history[0])) == record_json(detail.history[0])


async def test_a_payload_that_is_not_json_is_shown_as_text(deployment):
    record = await deployment.queue.enqueue(Fail())
    broken = record._replace(payload="{oops")

    assert written(JobShape.of(broken))["payload"] == "{oops"
