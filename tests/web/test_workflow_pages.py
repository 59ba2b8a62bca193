import re

import pytest

from runtime.flow import chain, group
from runtime.testing import drain
from tests.web.obedient import Echo, Fail
from tests.web.visitor import Visitor

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}"


@pytest.fixture
async def stored(deployment):
    """An echo, then a job that fails beside two that do not, then one that needs them all."""
    return await deployment.queue.enqueue(
        chain(Echo(), group(Fail(), Echo(), Echo()), Echo()), name=f"four {HOSTILE}"
    )


def form_token(page):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)[1]


async def act(visitor, stored, action, query=""):
    page = await visitor.get(f"/dashboard/workflows/{stored.id}")
    form = {"form_token": form_token(page)}
    return await visitor.send("POST", f"/dashboard/workflows/{stored.id}/{action}{query}", form=form)


async def test_a_workflow_is_shown_with_its_picture_and_its_jobs(visitor, deployment, stored):
    before = await visitor.get(f"/dashboard/workflows/{stored.id}")
    await drain(deployment)
    after = await visitor.get(f"/dashboard/workflows/{stored.id}")

    assert (before.status, before.media) == (200, "text/html")
    assert [before.text.count(f'<g class="box {status}"') for status in ("pending", "blocked")] == [1, 4]
    assert after.text.count('<path class="line done"') == 5
    assert after.text.count('<path class="line cancelled"') == 1
    for job in range(stored.id, stored.id + 5):
        assert f'href="/dashboard/jobs/{job}"' in after.text
    assert 'class="pill bad">failed' in after.text


async def test_the_list_is_narrowed_to_a_state_and_what_else_an_address_says_is_passed_over(
    visitor, deployment, stored
):
    await drain(deployment)
    link = f'href="/dashboard/workflows/{stored.id}"'

    for address in ("", "?state=failed", "?state=<b>&cursor=x&live=off"):
        page = (await visitor.get(f"/dashboard/workflows{address}")).text
        assert link in page
        assert "<b>" not in page
    page = (await visitor.get("/dashboard/workflows?state=running")).text
    assert link not in page
    assert "None is running." in page
    assert 'url=/dashboard/workflows?state=running">' in page
    assert link not in (await visitor.get(f"/dashboard/workflows?cursor={stored.id}")).text


async def test_names_are_text_and_never_markup(visitor, stored):
    for path in ("/dashboard/workflows", f"/dashboard/workflows/{stored.id}"):
        page = await visitor.get(path)
        assert "&lt;script&gt;" in page.text
        assert "<script" not in page.text
        assert "{{ 7*7 }}" in page.text
        assert "style=" not in page.text


async def test_a_workflow_is_cancelled_and_begun_anew_from_its_page(visitor, deployment, stored):
    cancelled = await act(visitor, stored, "cancel", "?live=off")
    assert (await deployment.queue.workflow(stored.id)).state == "cancelled"
    retried = await act(visitor, stored, "retry")
    assert (await deployment.queue.workflow(stored.id)).state == "running"

    path = f"/dashboard/workflows/{stored.id}"
    assert cancelled.headers["Location"] == f"{path}?notice=cancelled&live=off"
    assert retried.headers["Location"] == f"{path}?notice=retried"
    assert "begin anew." in (await visitor.get(retried.headers["Location"])).text


async def test_a_form_that_we_did_not_make_changes_nothing(visitor, deployment, stored):
    for action in ("cancel", "retry"):
        path = f"/dashboard/workflows/{stored.id}/{action}"
        assert (await visitor.send("POST", path, form={"form_token": "0" * 64})).status == 403
    assert (await deployment.queue.workflow(stored.id)).unfinished == 5


async def test_a_workflow_that_is_not_there_is_a_page_that_says_so(visitor):
    page = await visitor.get("/dashboard/workflows/7")

    assert (page.status, page.media) == (404, "text/html")
    assert "there is no workflow 7" in page.text


async def test_without_a_session_the_page_is_a_login(guarded, stored):
    page = await Visitor(guarded, address="203.0.113.9").get(f"/dashboard/workflows/{stored.id}")

    assert (page.status, 'type="password"' in page.text, "four" in page.text) == (401, True, False)
