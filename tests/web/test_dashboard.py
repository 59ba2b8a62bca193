import re

import pytest

from runtime.app import App
from runtime.testing import drain, open_testing, running_worker
from tests.web.obedient import Echo, Fail, Stumble
from tests.web.visitor import Visitor
from web.admin import AdminPolicy
from web.app import create_app
from web.guard import SESSION_COOKIE

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


def form_token(page):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)[1]


async def fail(deployment, error="told to fail"):
    record = await deployment.queue.enqueue(Fail(error=error))
    await drain(deployment)
    [letter] = [found for found in (await deployment.queue.dead_letters()).items if found.job_id == record.id]
    return record, letter


async def test_the_page_shows_the_queue(visitor, deployment):
    record, _ = await fail(deployment)
    await deployment.queue.enqueue(Stumble())
    await drain(deployment)
    await deployment.queue.enqueue(Echo())
    async with running_worker(deployment):
        page = await visitor.get("/dashboard")

    assert (page.status, page.media) == (200, "text/html")
    for text in (
        "Dead letters",
        "Recent failures",
        "Job types and limits",
        "Workers",
        "Schedules",
        "nightly",
    ):
        assert text in page.text
    assert f'href="/dashboard/jobs/{record.id}"' in page.text
    assert "Discard: told to fail" in page.text
    assert "ConnectionError: nobody at home" in page.text


async def test_an_empty_application_says_so_in_words(tmp_path):
    async with open_testing(App("bare"), tmp_path / "bare.db") as deployment:
        page = await Visitor(create_app(deployment, admin=AdminPolicy())).get("/dashboard")

    for text in (
        "None to review",
        "No other job waits",
        "declares no job type",
        "None is running",
        "No job of this application runs by the clock",
    ):
        assert text in page.text


async def test_the_page_renews_itself_unless_it_is_paused(visitor):
    assert '<meta http-equiv="refresh" content="5; url=/dashboard">' in (await visitor.get("/dashboard")).text
    assert "http-equiv" not in (await visitor.get("/dashboard?live=off")).text


async def test_what_jobs_say_is_text_and_never_markup(visitor, deployment):
    await fail(deployment, HOSTILE)

    page = await visitor.get("/dashboard")

    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script" not in page.text
    assert "<img src=x" not in page.text
    assert "{{ 7*7 }}" in page.text


async def test_what_an_address_says_is_not_shown(visitor):
    page = await visitor.get("/dashboard?notice=<script>alert(1)</script>&live=<b>")
    assert "alert" not in page.text
    assert "<b>" not in page.text


async def test_a_dead_letter_is_retried_from_the_page(visitor, deployment):
    record, letter = await fail(deployment)
    token = form_token(await visitor.get("/dashboard"))

    answer = await visitor.send(
        "POST", f"/dashboard/dead-letters/{letter.id}/retry", form={"form_token": token}
    )

    assert (answer.status, answer.headers["Location"]) == (303, "/dashboard?notice=retried")
    assert (await deployment.queue.job(record.id)).record.status == "pending"
    assert "The job begins anew." in (await visitor.get(answer.headers["Location"])).text


async def test_a_dead_letter_is_reviewed_from_the_page(visitor, deployment):
    _, letter = await fail(deployment)
    token = form_token(await visitor.get("/dashboard"))

    answer = await visitor.send(
        "POST", f"/dashboard/dead-letters/{letter.id}/review?live=off", form={"form_token": token}
    )

    assert answer.headers["Location"] == "/dashboard?notice=reviewed&live=off"
    assert (await deployment.queue.stats()).unreviewed_dead_letters == 0


async def test_a_letter_that_somebody_else_dealt_with_is_no_error(visitor, deployment):
    _, letter = await fail(deployment)
    token = form_token(await visitor.get("/dashboard"))
    await deployment.queue.retry_dead_letter(letter.id)

    answer = await visitor.send(
        "POST", f"/dashboard/dead-letters/{letter.id}/retry", form={"form_token": token}
    )

    assert answer.headers["Location"] == "/dashboard?notice=gone"


@pytest.mark.parametrize("form", [{"form_token": ""}, {"form_token": "0" * 64}, {"other": "x"}])
async def test_a_form_that_we_did_not_make_changes_nothing(visitor, deployment, form):
    _, letter = await fail(deployment)

    answer = await visitor.send("POST", f"/dashboard/dead-letters/{letter.id}/retry", form=form)

    assert answer.status == 403
    assert (await deployment.queue.stats()).unreviewed_dead_letters == 1


async def test_a_form_is_read_as_one_and_as_nothing_else(visitor):
    many = {f"field{number}": "x" for number in range(21)}
    too_many = await visitor.send("POST", "/dashboard/dead-letters/1/retry", form=many)
    as_json = await visitor.send("POST", "/dashboard/dead-letters/1/retry", json={"form_token": "x"})
    large = await visitor.send("POST", "/dashboard/dead-letters/1/retry", form={"form_token": "x" * 2**20})

    assert (too_many.status, as_json.status, large.status) == (400, 415, 413)


@pytest.fixture
def stranger(guarded):
    return Visitor(guarded, address="203.0.113.9")


async def log_in(visitor, token):
    page = await visitor.get("/login")
    return await visitor.send("POST", "/login", form={"form_token": form_token(page), "token": token})


async def test_without_a_session_the_page_is_a_login(stranger):
    page = await stranger.get("/dashboard")

    assert page.status == 401
    assert 'type="password"' in page.text
    assert "Dead letters" not in page.text


async def test_the_token_opens_a_session_whose_cookie_scripts_and_other_sites_cannot_use(stranger, token):
    answer = await log_in(stranger, token)

    assert (answer.status, answer.headers["Location"]) == (303, "/dashboard")
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
        assert part in cookie
    assert token not in cookie
    session = cookie.partition(";")[0]
    page = await stranger.send("GET", "/dashboard", headers={"Cookie": session})
    assert (page.status, "Dead letters" in page.text, "Log out" in page.text) == (200, True, True)


async def test_where_the_browser_sees_https_the_cookie_is_for_https_only(stranger, token):
    page = await stranger.get("/login")

    async def log_in_from(origin):
        form = {"form_token": form_token(page), "token": token}
        answer = await stranger.send("POST", "/login", form=form, headers={"Origin": origin})
        return answer.headers["Set-Cookie"]

    assert "Secure" in await log_in_from("https://localhost")
    assert "Secure" not in await log_in_from("http://localhost")


async def test_a_wrong_token_is_told_so_and_slowed_down(stranger, token):
    for _ in range(10):
        assert (await log_in(stranger, "wrong")).status == 401

    answer = await log_in(stranger, token)

    assert answer.status == 429
    assert "Too many attempts" in answer.text
    assert "Set-Cookie" not in answer.headers


async def test_a_session_works_for_the_api_too_and_ends_at_logout(stranger, token):
    session = {"Cookie": (await log_in(stranger, token)).headers["Set-Cookie"].partition(";")[0]}
    assert (await stranger.send("GET", "/admin/queue/stats", headers=session)).status == 200
    page = await stranger.send("GET", "/dashboard", headers=session)

    out = await stranger.send("POST", "/logout", form={"form_token": form_token(page)}, headers=session)

    assert (out.status, out.headers["Location"]) == (303, "/login")
    assert SESSION_COOKIE in out.headers["Set-Cookie"]
    assert (await stranger.send("GET", "/admin/queue/stats", headers=session)).status == 401


async def test_a_form_of_one_session_is_not_good_for_another(stranger, token, deployment):
    _, letter = await fail(deployment)
    first, second = [
        {"Cookie": (await log_in(stranger, token)).headers["Set-Cookie"].partition(";")[0]} for _ in range(2)
    ]
    page = await stranger.send("GET", "/dashboard", headers=first)

    answer = await stranger.send(
        "POST",
        f"/dashboard/dead-letters/{letter.id}/retry",
        form={"form_token": form_token(page)},
        headers=second,
    )

    assert answer.status == 403


async def test_a_login_from_another_site_is_refused(stranger, token):
    page = await stranger.get("/login")
    answer = await stranger.send(
        "POST",
        "/login",
        form={"form_token": form_token(page), "token": token},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status == 403


async def test_without_a_token_there_is_nothing_to_log_in_to(visitor):
    assert (await visitor.get("/login")).headers["Location"] == "/dashboard"
    assert "Log out" not in (await visitor.get("/dashboard")).text


async def test_the_root_leads_to_the_dashboard(visitor):
    answer = await visitor.get("/")
    assert (answer.status, answer.headers["Location"]) == (303, "/dashboard")
