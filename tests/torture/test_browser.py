"""A real browser looks at pages full of hostile text: no script runs, nothing is loaded from elsewhere."""

import json
import subprocess
from pathlib import Path

import pytest

from runtime.flow import chain, group
from tests.system.process import eventually
from tests.torture.application import Misbehave, Work
from tests.torture.tools import tool

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.torture]

HOSTILE = (
    "<img src=x onerror=\"window.pwned=1;alert('img')\"><script>window.pwned=1;alert('script')</script>"
    "\"'><svg onload=alert('svg')>{{7*7}}</textarea></title><a href=\"javascript:alert('link')\">x</a>"
    "<meta http-equiv=refresh content=\"0;url=javascript:alert('meta')\"><style>*{display:none}</style>"
)
EVERYWHERE = (
    "UPDATE jobs SET payload = json_object('message', ?1, ?1, ?1), last_error = ?1, key = ?1",
    "UPDATE jobs SET type = ?1 WHERE type = 'work'",
    "UPDATE job_counts SET type = ?1 WHERE type = 'work'",
    "UPDATE dead_letter_jobs SET type = ?1, payload = json_object('message', ?1), error = ?1",
    "UPDATE job_attempts SET error = ?1, worker = ?1, outcome = ?1",
    "INSERT INTO workers SELECT ?1, ?1, 1, boot, started_at, seen_at, beat, 1e9, 1, 1, '[]', 0 FROM workers",
    "UPDATE workflows SET name = ?1",
    "INSERT INTO rate_limits VALUES (?1, '1/s', 'operator', 1, 1)",
    "INSERT INTO paused_types VALUES (?1, 1)",
)
PAGES = (
    "/",
    "/dashboard",
    "/dashboard?notice=%3Cscript%3Ealert(1)%3C/script%3E",
    "/dashboard/jobs/1",
    "/dashboard/workflows",
    "/dashboard/workflows/7",
    "/login",
    "/docs",
    "/nothing",
)
ANSWERS = (
    "/admin/jobs",
    "/admin/dlq",
    "/admin/types",
    "/admin/workers",
    "/admin/limits",
    "/admin/cron",
    "/health",
)


def test_no_script_runs_whatever_stands_in_any_field(siege):
    siege.examine = False
    python = tool("python")
    if not Path("/usr/bin/chromium").exists():
        pytest.skip("needs /usr/bin/chromium")
    if subprocess.run([python, "-c", "import playwright"], check=False, capture_output=True).returncode:
        pytest.skip("needs playwright: make torture-tools")
    siege.enqueue(*[Misbehave(how="exit")] * 3, app=siege.app)
    siege.enqueue(*[Work(seconds=0)] * 3, app=siege.app)
    siege.ask(lambda deployment: deployment.queue.enqueue(chain(Work(seconds=0), group(Work(seconds=0)))))
    worker = siege.worker()
    eventually(lambda: siege.rows("SELECT 1 FROM dead_letter_jobs"))
    siege.drain()
    assert siege.rows("SELECT id FROM workflows") == [(7,)]
    for statement in EVERYWHERE:
        siege.change(statement, HOSTILE)
    siege.kill(worker)
    siege.start("web", "--port", str(siege.port)).until("listening")

    urls = [f"http://127.0.0.1:{siege.port}{path}" for path in (*PAGES, *ANSWERS)]
    looked = subprocess.run(
        [python, Path(__file__).with_name("browsing.py"), *urls], capture_output=True, text=True, check=False
    )

    assert looked.returncode == 0, looked.stderr[-2000:]
    seen = json.loads(looked.stdout)
    assert seen["dialogs"] == []
    assert seen["scripted"] == []
    assert seen["requested"] == []
    assert "&lt;img src=x" in siege.site_at().get("/dashboard").body.decode()
    assert HOSTILE not in siege.site_at().get("/dashboard").body.decode()
