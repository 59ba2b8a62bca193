import re

import pytest

from runtime.flow import chain
from runtime.testing import drain
from tests.web.obedient import Echo, Fail, Stumble
from tests.web.visitor import Visitor

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}"


async def show(visitor, job_id):
    return await visitor.get(f"/dashboard/jobs/{job_id}")


async def act(visitor, job_id, action, query=""):
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', (await show(visitor, job_id)).text)
    form = {"form_token": token[1] if token else "0" * 64}
    return await visitor.send("POST", f"/dashboard/jobs/{job_id}/{action}{query}", form=form)


async def test_a_job_is_shown_with_what_it_belongs_to_what_it_said_and_its_runs(visitor, deployment):
    flow = await deployment.queue.enqueue(
        chain(Echo(), Echo(message="hi", token="secret"), Fail(error="broken")), name="three of a kind"
    )
    before = (await show(visitor, flow.id + 1)).text
    await drain(deployment)
    page = await show(visitor, flow.id + 1)
    failed = (await show(visitor, flow.id + 2)).text

    assert f"Waits for job {flow.id}." in before
    assert (page.status, page.media) == (200, "text/html")
    for text in ("three of a kind", "&#34;message&#34;: &#34;hi&#34;", "told", "half", "50.0 %", "completed"):
        assert text in page.text
    assert "secret" not in page.text
    for neighbour in (flow.id, flow.id + 2):
        assert f'href="/dashboard/jobs/{neighbour}"' in page.text
    assert f'href="/dashboard/workflows/{flow.id}"' in page.text
    assert "Discard: broken" in failed


async def test_a_job_is_cancelled_and_begun_anew_from_its_page(visitor, deployment):
    job = (await deployment.queue.enqueue(Echo())).id
    path = f"/dashboard/jobs/{job}"

    assert (await act(visitor, job, "cancel", "?live=off")).headers["Location"] == (
        f"{path}?notice=cancelled&live=off"
    )
    assert (await deployment.queue.job(job)).record.status == "cancelled"
    assert (await act(visitor, job, "retry")).headers["Location"] == f"{path}?notice=retried"
    assert (await deployment.queue.job(job)).record.status == "pending"


async def test_only_what_can_be_done_is_offered_and_what_came_too_late_is_said(visitor, deployment):
    stumbling = (await deployment.queue.enqueue(Stumble())).id
    done = (await deployment.queue.enqueue(Echo())).id
    token = re.search(r'value="([0-9a-f]+)"', (await show(visitor, done)).text)[1]
    await drain(deployment)

    waiting, ended = (await show(visitor, stumbling)).text, (await show(visitor, done)).text
    late = await visitor.send("POST", f"/dashboard/jobs/{done}/cancel", form={"form_token": token})

    assert ("Run now" in waiting, "ConnectionError" in waiting) == (True, True)
    assert "<button" not in ended
    assert late.headers["Location"] == f"/dashboard/jobs/{done}?notice=refused"


@pytest.mark.parametrize("action", ["cancel", "retry"])
async def test_a_form_that_we_did_not_make_changes_nothing(visitor, deployment, action):
    job = (await deployment.queue.enqueue(Echo())).id
    path = f"/dashboard/jobs/{job}/{action}"

    assert (await visitor.send("POST", path, form={"form_token": "0" * 64})).status == 403
    assert (await deployment.queue.job(job)).record.status == "pending"


async def test_what_jobs_say_is_text_and_never_markup(visitor, deployment):
    job = (await deployment.queue.enqueue(Fail(error=HOSTILE), key=HOSTILE)).id
    await drain(deployment)

    page = (await show(visitor, job)).text

    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "{{ 7*7 }}" in page


async def test_a_job_that_is_not_there_is_a_page_and_a_stranger_gets_the_login(visitor, guarded):
    assert ((await show(visitor, 7)).status, (await show(visitor, 7)).media) == (404, "text/html")
    assert (await show(Visitor(guarded, address="203.0.113.9"), 7)).status == 401
