-- name: schema_versions
-- How far each schema is migrated.
SELECT schema, MAX(number) FROM creche_migrations GROUP BY schema ORDER BY schema;

-- name: count_job_rows
-- What the counters must say; reads every row, so only the doctor asks.
SELECT type, status, COUNT(*) FROM jobs GROUP BY type, status ORDER BY type, status;

-- name: ownerless_jobs
-- Jobs that run nowhere: the worker that holds them has no row.
SELECT id FROM jobs
WHERE status = 'processing'
  AND (locked_by IS NULL OR locked_at IS NULL OR locked_by NOT IN (SELECT id FROM workers))
ORDER BY id;

-- name: overdue_jobs
-- Scheduled jobs whose moment passed long ago: nobody promotes them.
SELECT id FROM jobs WHERE status = 'scheduled' AND scheduled_at < :before ORDER BY id;

-- name: contradictory_jobs
-- Rows that say two things at once.
SELECT id FROM jobs
WHERE (status IN ('completed', 'failed', 'cancelled')) <> (completed_at IS NOT NULL)
   OR (status IN ('pending', 'scheduled', 'blocked') AND locked_by IS NOT NULL)
   OR (status <> 'processing' AND cancel_requested = 1)
ORDER BY id;

-- name: stray_dead_letters
-- Dead letters of jobs that have not failed.
SELECT d.id FROM dead_letter_jobs AS d LEFT JOIN jobs AS j ON j.id = d.job_id
WHERE j.id IS NULL OR j.status <> 'failed' ORDER BY d.id;

-- name: used_job_ids
-- Jobs whose id the counter would give out again.
SELECT id FROM jobs WHERE id >= (SELECT next FROM job_ids WHERE only = 1) ORDER BY id;
