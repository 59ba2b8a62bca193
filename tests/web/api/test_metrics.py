from prometheus_client.parser import text_string_to_metric_families

from runtime.testing import drain, running_worker
from tests.web.obedient import Echo, Fail


def samples(text):
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_say_what_the_queue_says(visitor, deployment):
    await deployment.queue.enqueue_many([Echo(), Fail()])
    await drain(deployment)
    await deployment.queue.enqueue(Echo())
    await deployment.queue.pause("fail")
    await deployment.queue.set_limit("echo", "60/m", 10)
    async with running_worker(deployment):
        found = samples((await visitor.get("/metrics")).text)

    assert found["creche_jobs", "completed", "echo"] == 1
    assert found["creche_jobs", "fail", "failed"] == 1
    assert found["creche_dead_letters_unreviewed",] == 1
    assert found["creche_type_paused", "fail"] == 1
    assert found["creche_type_paused", "echo"] == 0
    assert found["creche_limit_rate", "echo"] == 1
    assert found["creche_workers",] == 1
    assert found["creche_runners",] == 8


async def test_the_form_follows_what_is_asked_for(visitor):
    plain = await visitor.get("/metrics")
    modern = await visitor.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")

    assert plain.media == "text/plain"
    assert modern.media == "application/openmetrics-text"
    assert modern.text.endswith("# EOF\n")


async def test_a_name_that_is_odd_does_not_break_the_text(visitor, deployment):
    await deployment.queue.enqueue(Echo())
    text = (await visitor.get("/metrics")).text
    assert list(text_string_to_metric_families(text))
