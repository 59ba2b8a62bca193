"""Records as JSON, in the shape of the HTTP contract: camelCase, moments as ISO 8601 in UTC."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import cast

from runtime.model.detail import JobDetail
from runtime.model.records import LimitRecord, QueueStats, TypeCount

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]

_MOMENTS = frozenset({"next_ticks"})  # besides all that ends in _at

_INNER = frozenset({"claims", "duplicate"})  # how the engine guards a job is nobody else's business


def camel(name: str) -> str:
    """`created_at` as `createdAt`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def iso(moment: float) -> str:
    """A moment as `2026-01-01T00:00:00.000Z`; one beyond the calendar's end as its end."""
    try:
        value = datetime.fromtimestamp(moment, UTC)
    except (OverflowError, ValueError, OSError):
        value = datetime.max.replace(tzinfo=UTC) if moment > 0 else datetime.min.replace(tzinfo=UTC)
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def record_json(record: object) -> dict[str, Json]:
    """A record of `runtime.model.records` as a JSON object."""
    names = _names(record)
    if names is None:
        raise TypeError(f"{type(record).__name__} is not a record")
    return {camel(name): _field(name, getattr(record, name)) for name in names if name not in _INNER}


def detail_json(detail: JobDetail) -> dict[str, Json]:
    """A job with all there is to say of it, as `GET /admin/jobs/{id}` answers."""
    said = detail.progress
    return {
        **record_json(detail.record),
        "waitReason": detail.wait_reason,
        "startBy": None if detail.start_by is None else iso(detail.start_by),
        "endBy": None if detail.end_by is None else iso(detail.end_by),
        "result": None if detail.result is None else _payload(detail.result),
        "progress": said
        and {"fraction": said.fraction, "message": said.message, "at": iso(said.reported_at)},
        "logs": [
            {"run": line.claim, "level": line.level, "text": line.text, "at": iso(line.logged_at)}
            for line in detail.logs
        ],
        "parents": to_json(detail.parents),
        "children": to_json(detail.children),
        "workflowId": detail.workflow_id,
        "history": to_json(detail.history),
    }


def _names(value: object) -> Sequence[str] | None:
    """The fields of a record: a dataclass, or a named tuple where many are made; None of anything else."""
    if isinstance(value, type):
        return None
    if is_dataclass(value):
        return [field.name for field in fields(value)]
    return cast("Sequence[str] | None", getattr(value, "_fields", None))


def to_json(value: object) -> Json:
    """Any record, or a sequence or mapping of them, as JSON."""
    if _names(value) is not None:
        return record_json(value)
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [to_json(item) for item in value]
    return cast("Json", value)


def limit_json(limit: LimitRecord) -> dict[str, Json]:
    """A limit as `GET /admin/limits` lists it: its rate as people write it, and a second."""
    return {
        "type": limit.type,
        "rate": limit.text,
        "perSecond": limit.rate,
        "burst": limit.burst,
        "tokens": limit.tokens,
        "concurrency": limit.concurrency,
        "running": limit.running,
        "keyRate": limit.key_rate,
        "keyConcurrency": limit.key_concurrency,
    }


def stats_json(stats: QueueStats) -> Json:
    """The answer of `GET /admin/queue/stats`."""
    return {
        "queue": {
            "pending": stats.pending,
            "processing": stats.processing,
            "scheduled": stats.scheduled,
            "blocked": stats.blocked,
            "completed": stats.completed,
            "cancelled": stats.cancelled,
            "failed": stats.failed,
            "completedLastHour": stats.completed_last_hour,
            "failedLastHour": stats.failed_last_hour,
            "completedPerMinute": stats.completed_per_minute,
            "failureRate": stats.failure_rate,
            "oldestPending": stats.oldest_pending_seconds,
        },
        "deadLetterQueue": {"unreviewed": stats.unreviewed_dead_letters},
        "byType": [_count(item) for item in stats.by_type],
    }


def _count(item: TypeCount) -> Json:
    return {"type": item.type, "status": str(item.status), "count": item.count}


def _field(name: str, value: object) -> Json:
    if name.endswith("_at") and isinstance(value, int | float):
        return iso(value)
    if name in _MOMENTS and isinstance(value, tuple):
        return [iso(moment) for moment in value]
    if name == "payload" and isinstance(value, str):
        return _payload(value)
    return to_json(value)


def _payload(text: str) -> Json:
    """The payload as a value; as its text where somebody stored what is not JSON."""
    try:
        return cast("Json", json.loads(text, parse_constant=str))
    except (ValueError, RecursionError):
        return text
