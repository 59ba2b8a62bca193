"""Metrics for Prometheus, read from the queue's counters when somebody asks."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from quart import Blueprint, Response, request

from runtime.model.records import LimitRecord, QueueStats, TypeStatus, WorkerRecord
from web.operations import operation
from web.site import site

blueprint = Blueprint("metrics", __name__)


class Readings(Collector):
    """What was read of the queue, as metrics."""

    def __init__(
        self,
        stats: QueueStats,
        types: list[TypeStatus],
        limits: list[LimitRecord],
        workers: list[WorkerRecord],
    ) -> None:
        self._stats = stats
        self._types = types
        self._limits = limits
        self._workers = workers

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        yield from self._of_jobs()
        yield from self._of_workers()
        yield from self._of_types()

    def _of_jobs(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("creche_jobs", "Stored jobs.", labels=["type", "status"])
        for count in self._stats.by_type:
            jobs.add_metric([count.type, count.status], count.count)
        yield jobs
        yield _gauge(
            "creche_oldest_pending_seconds",
            "How long the pending job due longest has waited.",
            self._stats.oldest_pending_seconds or 0.0,
        )
        yield _gauge(
            "creche_completed_last_hour", "Jobs completed in the last hour.", self._stats.completed_last_hour
        )
        yield _gauge(
            "creche_failed_last_hour", "Attempts failed in the last hour.", self._stats.failed_last_hour
        )
        yield _gauge(
            "creche_completed_per_minute",
            "Jobs completed a minute, mean of the last five.",
            self._stats.completed_per_minute,
        )
        yield _gauge(
            "creche_failure_ratio", "Share of the last hour's attempts that failed.", self._stats.failure_rate
        )
        yield _gauge(
            "creche_dead_letters_unreviewed",
            "Dead letters nobody has looked at.",
            self._stats.unreviewed_dead_letters,
        )

    def _of_workers(self) -> Iterator[Metric]:
        alive = [worker for worker in self._workers if worker.alive]
        yield _gauge("creche_workers", "Worker processes that are alive.", len(alive))
        yield _gauge(
            "creche_runners", "Jobs that they can run at once.", sum(worker.runners for worker in alive)
        )
        yield _gauge("creche_runners_busy", "Jobs that they run.", sum(worker.running for worker in alive))

    def _of_types(self) -> Iterator[Metric]:
        paused = GaugeMetricFamily(
            "creche_type_paused", "1 where no job of the type may start.", labels=["type"]
        )
        for known in self._types:
            paused.add_metric([known.type], float(known.paused))
        yield paused
        tokens = GaugeMetricFamily(
            "creche_limit_tokens", "What a rate limit's bucket holds.", labels=["type"]
        )
        rates = GaugeMetricFamily(
            "creche_limit_rate", "Starts a second that a limit allows.", labels=["type"]
        )
        places = GaugeMetricFamily(
            "creche_limit_concurrency", "Jobs that a limit lets run at once.", labels=["type"]
        )
        taken = GaugeMetricFamily("creche_limit_running", "Jobs that run, of those.", labels=["type"])
        for limit in self._limits:
            for family, value in (
                (tokens, limit.tokens),
                (rates, limit.rate),
                (places, limit.concurrency),
                (taken, limit.running),
            ):
                if value is not None:
                    family.add_metric([limit.type], value)
        yield from (tokens, rates, places, taken)


@blueprint.get("/metrics")
@operation(media="text/plain")
async def metrics() -> Response:
    """Metrics for Prometheus."""
    queue = site().queue
    readings = Readings(await queue.stats(), await queue.types(), await queue.limits(), await queue.workers())
    registry = CollectorRegistry(auto_describe=False)
    registry.register(readings)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)
