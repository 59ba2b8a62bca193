"""Records as JSON: camelCase, ISO moments, payloads as values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.cli.shapes import camel, iso, record_json, stats_json, to_json
from runtime.model.records import DeadLetter, QueueStats, ScheduleRecord, Status, TypeCount, TypeStatus

LETTER = DeadLetter(
    id=1,
    job_id=2,
    type="greet",
    payload='{"name": "a"}',
    attempts=3,
    error="bad",
    failed_at=0.5,
    reviewed=False,
)


def test_names_are_camel_case():
    assert [camel(name) for name in ("id", "created_at", "oldest_pending_seconds")] == [
        "id", "createdAt", "oldestPendingSeconds",
    ]  # fmt: skip


def test_moments_are_iso_8601_in_utc():
    assert iso(0) == "1970-01-01T00:00:00.000Z"
    assert iso(1_767_225_600.1234) == "2026-01-01T00:00:00.123Z"


@given(st.floats(allow_nan=False))
def test_any_moment_has_a_text(moment):
    assert iso(moment).endswith("Z")


def test_a_record_is_an_object_with_its_payload_as_a_value():
    assert record_json(LETTER) == {
        "id": 1, "jobId": 2, "type": "greet", "payload": {"name": "a"}, "attempts": 3, "error": "bad",
        "failedAt": "1970-01-01T00:00:00.500Z", "reviewed": False,
    }  # fmt: skip


@pytest.mark.parametrize("payload", ["not json", "", "{", "[" * 100_000])
def test_a_payload_that_is_no_json_stays_text(payload):
    letter = DeadLetter(
        id=1, job_id=2, type="greet", payload=payload, attempts=3, error="", failed_at=0, reviewed=True
    )

    assert record_json(letter)["payload"] == payload


def test_a_payload_never_makes_json_that_others_cannot_read():
    letter = DeadLetter(
        id=1,
        job_id=2,
        type="greet",
        payload="[NaN, Infinity]",
        attempts=3,
        error="",
        failed_at=0,
        reviewed=True,
    )

    assert json.dumps(record_json(letter)["payload"], allow_nan=False) == '["NaN", "Infinity"]'


def test_lists_of_moments_are_moments():
    schedule = ScheduleRecord(
        name="nightly", expression="0 3 * * *", timezone="UTC", missed="one", overlap="skip", paused=False,
        last_tick_at=None, next_ticks=(0.0, 60.0),
    )  # fmt: skip

    shape = record_json(schedule)

    assert shape["nextTicks"] == ["1970-01-01T00:00:00.000Z", "1970-01-01T00:01:00.000Z"]
    assert shape["lastTickAt"] is None


def test_mappings_by_status_become_objects():
    status = TypeStatus(type="greet", paused=True, known=True, counts={Status.PENDING: 2})

    assert to_json([status]) == [{"type": "greet", "paused": True, "known": True, "counts": {"pending": 2}}]


def test_stats_have_the_shape_of_the_http_contract():
    stats = QueueStats(
        pending=1,
        processing=2,
        scheduled=3,
        blocked=0,
        completed=4,
        failed=5,
        cancelled=6,
        completed_last_hour=7,
        failed_last_hour=8,
        completed_per_minute=0.5,
        failure_rate=0.25,
        oldest_pending_seconds=9.0,
        unreviewed_dead_letters=10,
        by_type=(TypeCount(type="greet", status=Status.PENDING, count=1),),
    )

    shape = stats_json(stats)

    assert shape["queue"].keys() >= {
        "pending", "processing", "scheduled", "blocked", "completedLastHour", "failed", "oldestPending",
        "completedPerMinute", "failureRate",
    }  # fmt: skip
    assert shape["deadLetterQueue"] == {"unreviewed": 10}
    assert shape["byType"] == [{"type": "greet", "status": "pending", "count": 1}]
    json.dumps(shape)
