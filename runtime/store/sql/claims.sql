-- name: outlook
-- All that a claim has to know before it takes anything, as one query: each is a round trip to a server, or some of it. The oldest due job of each type and priority (`arm`) is found by a walk from one arm of the index to the next, so its cost is in arms, not rows. (Two look-ups a step: SQLite would answer one with a row value by walking the whole arm.)
WITH RECURSIVE head (id) AS (
    SELECT (SELECT id FROM jobs WHERE status = 'pending' ORDER BY type, priority, scheduled_at, id LIMIT 1)
    UNION ALL
    SELECT COALESCE(
        (
            SELECT following.id FROM jobs AS following
            WHERE following.status = 'pending' AND following.type = job.type AND following.priority > job.priority
            ORDER BY following.priority, following.scheduled_at, following.id LIMIT 1
        ),
        (
            SELECT following.id FROM jobs AS following
            WHERE following.status = 'pending' AND following.type > job.type
            ORDER BY following.type, following.priority, following.scheduled_at, following.id LIMIT 1
        )
    )
    FROM head JOIN jobs AS job ON job.id = head.id
)
SELECT 'arm' AS about, job.type, '' AS kind, '' AS value, '' AS source,
    CAST(job.priority AS double precision) AS amount, job.scheduled_at AS moment
FROM head JOIN jobs AS job ON job.id = head.id
UNION ALL SELECT 'paused', type, '', '', '', 0.0, 0.0 FROM paused_types
UNION ALL SELECT 'rate', type, '', rate, source, tokens, updated_at FROM rate_limits
UNION ALL SELECT 'bound', type, kind, value, source, 0.0, 0.0 FROM type_limits
UNION ALL SELECT 'dated', '', '', '', '', 0.0, 0.0 WHERE EXISTS (SELECT 1 FROM job_deadlines);

-- name: ready_in_arm
-- Where the due jobs of one type and priority stand, in the order they start: read off the index alone.
SELECT id, scheduled_at
FROM jobs WHERE status = 'pending' AND type = :type AND priority = :priority
ORDER BY scheduled_at, id LIMIT :most;

-- name: release_job
-- A worker gives back a job that it claimed and did not start; one that an operator wants cancelled ends so.
UPDATE jobs SET
    status = CASE WHEN cancel_requested = 1 THEN 'cancelled' ELSE 'pending' END,
    completed_at = CASE WHEN cancel_requested = 1 THEN CAST(:now AS double precision) END,
    cancel_requested = 0, locked_by = NULL, locked_at = NULL, updated_at = :now
WHERE id = :id AND status = 'processing' AND locked_by = :worker AND claims = :claims
RETURNING status;

-- name: finish_job
-- The one guarded write by which every attempt ends: it counts only from the worker and the claim that own the job.
UPDATE jobs SET
    status = CASE WHEN cancel_requested = 1 AND :status IN ('pending', 'scheduled') THEN 'cancelled' ELSE :status END,
    completed_at = CASE WHEN cancel_requested = 1 AND :status IN ('pending', 'scheduled')
        THEN CAST(:now AS double precision) ELSE CAST(:completed_at AS double precision) END,
    attempts = :attempts, crashes = :crashes, updated_at = :now, cancel_requested = 0,
    last_error = COALESCE(:last_error, last_error),
    scheduled_at = COALESCE(:scheduled_at, scheduled_at),
    locked_by = CASE WHEN :status IN ('pending', 'scheduled') THEN NULL ELSE locked_by END,
    locked_at = CASE WHEN :status IN ('pending', 'scheduled') THEN NULL ELSE locked_at END
WHERE id = :id AND status = 'processing' AND locked_by = :worker AND claims = :claims
RETURNING status;

-- name: is_completed_by
-- Whether this claim of a job has completed it at this moment, and not before: an ending may come again.
SELECT 1 FROM jobs WHERE id = :id AND status = 'completed' AND locked_by = :worker AND claims = :claims AND completed_at = :now;

-- name: insert_attempt
-- How a run ended that did not complete its job.
INSERT INTO job_attempts (job_id, claim, attempt, outcome, error, worker, started_at, ended_at)
VALUES (:job_id, :claim, :attempt, :outcome, :error, :worker, :started_at, :now);

-- name: jobs_of_worker
-- What a worker holds.
SELECT id, type, payload, attempts, max_attempts, crashes, claims, locked_at
FROM jobs WHERE status = 'processing' AND locked_by = :worker ORDER BY id;

-- name: cancel_requests
-- Which of a worker's running jobs an operator wants cancelled.
SELECT id, claims FROM jobs WHERE status = 'processing' AND locked_by = :worker AND cancel_requested = 1;

-- name: promote_due
-- Scheduled jobs whose moment has come are due, the longest waiting first.
UPDATE jobs SET status = 'pending', updated_at = :now
WHERE id IN (
    SELECT id FROM jobs WHERE status = 'scheduled' AND scheduled_at <= :now ORDER BY scheduled_at, id LIMIT :most
)
RETURNING type;

-- name: next_due
-- When the next scheduled job is due.
SELECT scheduled_at FROM jobs WHERE status = 'scheduled' ORDER BY scheduled_at, id LIMIT 1;
