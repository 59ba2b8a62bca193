"""The JSON API of any application, one file a subject."""

from web.api import cron, dead_letters, docs, health, jobs, limits, metrics, queue, types, workers, workflows

BLUEPRINTS = (
    health.blueprint,
    queue.blueprint,
    jobs.blueprint,
    dead_letters.blueprint,
    cron.blueprint,
    limits.blueprint,
    types.blueprint,
    workers.blueprint,
    workflows.blueprint,
    metrics.blueprint,
    docs.blueprint,
)
