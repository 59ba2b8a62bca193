"""Each measurement runs, and ends with JSON that says what it measured."""

import json
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from bench.__main__ import DEFAULTS, main
from bench.app import Noop, app

ROOT = Path(__file__).parents[2]

METRICS = {
    "throughput": ["limit", "limit_pooled", "throughput"],
    "runners": ["throughput_by_runners"],
    "enqueue": [
        *("bare_commits", "bare_commits_by_thread"),
        *("enqueue_alone", "enqueue_together", "enqueue_many"),
    ],
    "e2e": ["e2e"],
    "latency": ["latency_p50", "latency_p99", "bare_p50", "bare_p99"],
    "io": ["io", "io_bare"],
    "http": ["http", "http_p99"],
    "scale": [*["scale_claim"] * 3, *["scale_enqueue"] * 3, *["scale_stats"] * 3, *["scale_blocked"] * 2],
    "limits": ["limits", "limits_key_rate", "limits_key_concurrency"],
    "batch": ["batch"],
    "memory": ["memory_idle", "memory_growth"],
    "prune": ["prune", "prune_growth"],
    "start": ["start_python", "start_help", "start_worker"],
}
LONG = {"scale", "http", "memory"}
"""Tried by `make torture`: they take ten seconds each."""
MORE = {"runners": ("--workers", "1"), "start": ("--jobs", "1"), "scale": ("--rows", "5")}


def test_every_type_of_the_bench_takes_an_empty_payload():
    assert set(app.types) == {"noop", "sleep", "fail", "spin", "echo"}
    assert all(model.parse("{}") for model in app.types.values())
    assert app.types.keys() == app.handlers.keys()


def test_every_measurement_is_tried_here():
    assert METRICS.keys() | {"peers"} == DEFAULTS.keys()


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=pytest.mark.torture if what in LONG else ()) for what in METRICS]
)
def test_a_measurement_ends_with_json(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    size = ["--jobs", "20", "--workers", "4", "--rounds", "1", "--durability", "normal"]

    done = CliRunner().invoke(main, [what, *size, *MORE.get(what, ()), "--json", "--results", "results"])

    assert done.exit_code == 0, done.output
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["metric"] for item in found] == METRICS[what]
    for item in found:
        assert item.keys() >= {"value", "unit", "jobs", "workers", "says", "machine"}
        assert item["value"] > 0 or item["metric"] == "memory_growth"
        assert (item["db"], item["durability"]) == ("sqlite", "normal")
    (saved,) = (tmp_path / "results").glob("*.json")
    assert [item["metric"] for item in json.loads(saved.read_text())["measurements"]] == METRICS[what]
    assert not list(tmp_path.glob(".bench-*"))


def test_a_database_with_work_in_it_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def enqueue():
        async with app.open("sqlite:///bench.db") as deployment:
            await deployment.queue.enqueue(Noop())

    trio.run(enqueue)

    done = CliRunner().invoke(main, ["io", "--db", "sqlite:///bench.db"])

    assert done.exit_code == 2
    assert "unfinished jobs" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["scale", "--rows", "1000,many"], "whole numbers"),
        (["scale", "--db", "sqlite:///x.db"], "leave --db out"),
        (["peers", "--peer", "nobody"], "no such peer: nobody"),
        (["peers", "--peer", "honker"], "none of these peers"),
    ],
)
def test_what_cannot_be_measured_is_said(tmp_path, monkeypatch, arguments, complaint):
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(main, arguments)

    assert done.exit_code == 2
    assert complaint in done.stderr
    assert done.stdout == ""
