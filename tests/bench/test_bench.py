"""Each measurement runs, and ends with JSON that says what it measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.app import app

ROOT = Path(__file__).parents[2]


def test_every_type_of_the_bench_takes_an_empty_payload():
    assert set(app.types) == {"noop", "sleep", "fail", "spin", "echo"}
    assert all(model.parse("{}") for model in app.types.values())
    assert app.types.keys() == app.handlers.keys()


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.parametrize(
    ("what", "metrics"),
    [
        ("throughput", ["throughput"]),
        ("enqueue", ["enqueue_alone", "enqueue_together", "enqueue_many"]),
        ("latency", ["latency_p50", "latency_p99"]),
        ("io", ["io"]),
    ],
)
def test_a_measurement_ends_with_json(tmp_path, what, metrics):
    command = [
        sys.executable,
        "-m",
        "bench",
        what,
        "--jobs",
        "20",
        "--workers",
        "4",
        "--durability",
        "normal",
    ]
    done = subprocess.run(
        [*command, "--db", f"sqlite:///{tmp_path}/bench.db"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    found = [json.loads(line) for line in done.stdout.splitlines()[-len(metrics) :]]
    assert [item["metric"] for item in found] == metrics
    for item in found:
        assert item["value"] > 0
        assert (item["jobs"], item["workers"], item["db"], item["durability"]) == (20, 4, "sqlite", "normal")
        assert item["unit"]


@pytest.mark.slow
@pytest.mark.system
def test_a_database_with_work_in_it_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path}/bench.db"
    enqueue = [sys.executable, "-m", "runtime", "enqueue", "noop", "--app", "bench.app:app", "--db", url]
    subprocess.run(enqueue, cwd=ROOT, capture_output=True, check=True)

    done = subprocess.run(
        [sys.executable, "-m", "bench", "io", "--db", url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "unfinished jobs" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
