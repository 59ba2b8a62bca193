"""What the documentation says is so: names, commands, options, routes, links, and the example runs."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from runtime.cli.main import creche
from runtime.model.records import Status
from runtime.testing import open_testing
from shop.app import build_app
from shop.requests import OrderRequest
from shop.settings import PREFIX, Settings
from tests.docs import reading
from tests.docs.reading import ROOT, read
from web.admin import AdminPolicy
from web.app import create_app
from web.guard import is_public
from web.storefront import blueprints

COMMANDS = reading.commands(creche)
LONGEST = {"README.md": 245, "ARCHITECTURE.md": 270, "CONTRIBUTING.md": 120}
DOCUMENTS = [*LONGEST, "CHANGELOG.md", "bench/README.md"]

wrong_with_commands = partial(reading.wrong_with_commands, known=COMMANDS)
wrong_with_worker_options = partial(reading.wrong_with_worker_options, worker=COMMANDS["worker"])

CHECKS = [
    ("ARCHITECTURE.md", reading.wrong_with_tree),
    ("ARCHITECTURE.md", reading.wrong_with_arrows),
    ("README.md", wrong_with_commands),
    ("README.md", wrong_with_worker_options),
]

FAULTS = [
    ("ARCHITECTURE.md", reading.wrong_with_tree, "    runner.py ", "    sprinter.py "),
    ("ARCHITECTURE.md", reading.wrong_with_tree, "  job.py  ", "  "),
    ("ARCHITECTURE.md", reading.wrong_with_tree, "  services/ ", "  services "),
    ("ARCHITECTURE.md", reading.wrong_with_arrows, "limiting → store", "store → limiting"),
    ("README.md", wrong_with_commands, "| `creche doctor` |", "| `creche nurse` |"),
    ("README.md", wrong_with_commands, "`creche jobs show ID`", "`creche jobs look ID`"),
    ("README.md", wrong_with_commands, "`--count N`", ""),
    ("README.md", wrong_with_commands, "`--count N`", "`--count N`, `--color`"),
    ("README.md", wrong_with_worker_options, "| `--poll S` |", "| poll |"),
    ("README.md", wrong_with_worker_options, "`--grace S` | `30`", "`--grace S` | `60`"),
]


@pytest.mark.parametrize(("document", "check"), CHECKS)
def test_it_is_true_and_complete(document, check):
    assert check(read(document)) == []


@pytest.mark.parametrize(("document", "check", "truth", "fault"), FAULTS)
def test_a_fault_would_be_found(document, check, truth, fault):
    text = read(document)
    assert truth in text

    assert check(text.replace(truth, fault)) != []


@pytest.mark.parametrize("document", LONGEST)
def test_it_stays_short(document):
    assert len(read(document).splitlines()) <= LONGEST[document]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_its_links_lead_somewhere(document):
    assert reading.broken_links(document) == []


async def test_the_readme_names_every_route_and_who_may_use_it(site):
    rules = [(rule, is_public(site.view_functions[rule.endpoint])) for rule in site.url_map.iter_rules()]
    there = {
        (method, re.sub("<[^>]+>", "{}", rule.rule), public)
        for rule, public in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert reading.routes(read("README.md")) == there


def test_the_order_in_the_readme_is_one_that_the_shop_takes():
    [body] = re.findall(r"curl .*/orders .* -d '(.*?)'", read("README.md"), re.DOTALL)

    assert OrderRequest.model_validate_json(body).payment_token == "tok_ok"


def test_the_readme_names_every_setting_of_the_shop():
    told = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", read("README.md")))

    assert told == {PREFIX + name.upper() for name in Settings.model_fields}


def test_the_picture_of_the_states_shows_each_that_a_job_can_be_in():
    [picture] = reading.fenced(read("ARCHITECTURE.md"), "mermaid")
    drawn = set(re.findall(r"[a-z]+(?= -->)|(?<=--> )[a-z]+", picture))

    assert drawn == set(Status) - {Status.BLOCKED}


@pytest.mark.slow
@pytest.mark.system
def test_the_readme_s_example_runs(tmp_path):
    [example] = reading.fenced(read("README.md"), "python")
    (tmp_path / "greetings.py").write_text(example)

    [worker] = re.findall(r"^    creche (worker .* --drain)", read("README.md"), re.MULTILINE)
    enqueued = run(tmp_path, "greetings.py")
    worked = run(tmp_path, "-m", "runtime", *worker.split())

    assert enqueued == "enqueued [1, 2]\n"
    guests = ["ada@example.com", "alan@example.com"]
    said = [*(f"welcome, {guest}" for guest in guests), *(f"counted {guest}" for guest in guests)]
    assert sorted(worked.splitlines()) == sorted(said)


def run(directory: Path, *arguments: str) -> str:
    """What a Python process printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRECHE_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
async def site(tmp_path):
    async with open_testing(build_app({}), tmp_path / "shop.db") as deployment:
        yield create_app(deployment, admin=AdminPolicy(), blueprints=blueprints())
