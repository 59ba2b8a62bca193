"""The API against its own document (T27): schemathesis makes requests up; no answer may be undocumented."""

import os
import subprocess

import pytest

from tests.torture.tools import tool

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.torture]


@pytest.mark.parametrize("token", [None, "a" * 40], ids=["local", "token"])
def test_whatever_is_sent_the_answer_is_a_documented_one(shop, seed, blows, token):
    schemathesis = tool("schemathesis")
    environment = {"CRECHE_ADMIN_TOKEN": token} if token else {}
    shop.up("--except", "recover_payment", **environment)
    ended = subprocess.run(
        [
            *(schemathesis, "run", f"http://127.0.0.1:{shop.port}/openapi.json"),
            *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance"),
            *("--checks", "response_schema_conformance"),
            *("--max-examples", str(blows(5, 25)), "--seed", str(seed), "--exclude-path-regex", "/events$"),
            *(("-H", f"Authorization: Bearer {token}") if token else ()),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=shop.path.parent,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert ended.returncode == 0, ended.stdout[-6000:]
    assert shop.site_at().get("/health").status == 200
    # Operators may enqueue parts of no order, and cancel who asks what became of a payment.
    shop.examine = False
    shop.close()
    assert {finding.split(":")[0] for finding in shop.doctor()} <= {"order jobs", "open payments"}
