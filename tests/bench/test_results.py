"""What is written to the folder of results."""

import json
from dataclasses import replace

import pytest

from bench.measurement import Measurement
from bench.results import draw, save
from bench.setting import Setting

ABOUT = {"date": "2026-01-01", "cpus": 2, "cpu": "c", "python": "3", "sqlite": "3", "fsyncMilliseconds": 1.0}


@pytest.fixture
def setting(tmp_path):
    return Setting(jobs=10, workers=4, folder=tmp_path)


def item(metric, value, **more):
    return Measurement(metric=metric, value=value, unit="u", says="s", more=more)


RESULTS = {
    "runners": [
        item("throughput_by_runners", 10.0, workers=1),
        item("throughput_by_runners", 30.0, workers=4),
    ],
    "scale": [
        item(metric, 5.0, history="pending", rows=rows)
        for metric in ("scale_claim", "scale_enqueue", "scale_stats")
        for rows in (10, 100)
    ],
    "latency": [item("latency_p50", 1.0, milliseconds=[1.0] * 50), item("latency_p99", 1.0)],
    "peers": [
        item(metric, 5.0, peer=peer, db=db, durability="d")
        for metric in ("peer_throughput", "peer_e2e")
        for peer, db in (("creche", "sqlite"), ("arq", "redis"))
    ],
    "io": [item("io", 5.0)],
}
PICTURES = {
    "runners": ["runners.svg"],
    "scale": ["scale-claim.svg", "scale-enqueue.svg", "scale-stats.svg"],
    "latency": ["latency.svg"],
    "peers": ["peers-e2e.svg", "peers.svg"],
    "io": [],
}


@pytest.mark.parametrize("what", RESULTS)
def test_a_result_is_a_file_of_json_and_its_pictures(tmp_path, setting, what):
    written = save(what, RESULTS[what], setting, ABOUT, tmp_path / "results")

    assert sorted(file.name for file in written) == sorted([f"{what}.json", *PICTURES[what]])
    saved = json.loads(written[0].read_text())
    assert (saved["command"], saved["machine"]) == (what, ABOUT)
    assert [found["value"] for found in saved["measurements"]] == [found.value for found in RESULTS[what]]
    assert draw(written[0]) == written[1:], "a picture can be drawn anew from the file alone"


def test_a_run_that_was_another_is_kept_beside(tmp_path, setting):
    other = replace(setting, durable=False, processes=2, db="postgresql://somewhere")

    written = save("io", RESULTS["io"], other, ABOUT, tmp_path)

    assert written[0].name == "io-postgresql-2-processes-normal.json"
