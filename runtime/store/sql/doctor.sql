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

-- name: latest_moment
-- When the youngest change was made, by the clock of then.
SELECT MAX(updated_at) FROM jobs;

-- name: blocked_jobs
-- Jobs that wait for nobody, so nothing will release them.
SELECT id FROM jobs WHERE status = 'blocked'
  AND NOT EXISTS (SELECT 1 FROM job_waits AS w WHERE w.job_id = jobs.id AND w.open > 0)
  AND NOT EXISTS (SELECT 1 FROM parked_jobs AS p WHERE p.job_id = jobs.id) ORDER BY id;

-- name: miscounted_lanes
-- Lanes that count another number of places than are taken.
SELECT type || ' ' || key FROM lanes
WHERE running <> (SELECT COUNT(*) FROM lane_slots AS s WHERE s.type = lanes.type AND s.key = lanes.key) ORDER BY type, key;

-- name: stray_slots
-- Places held by jobs that do not run, or by an earlier run of theirs.
SELECT job_id FROM lane_slots AS s
WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = s.job_id AND jobs.status = 'processing' AND jobs.claims = s.claims)
ORDER BY job_id;

-- name: forgotten_parked
-- Blocked jobs in lanes that nothing will open.
SELECT p.job_id FROM parked_jobs AS p JOIN jobs ON jobs.id = p.job_id AND jobs.status = 'blocked'
WHERE NOT EXISTS (
    SELECT 1 FROM lanes AS l WHERE l.type = p.type AND l.key = p.key AND l.opens_at IS NOT NULL AND l.parked > 0
) ORDER BY p.job_id;

-- name: miscounted_waits
-- Jobs that wait for another number of parents than they have open edges.
SELECT w.job_id FROM job_waits AS w
WHERE w.open <> (SELECT COUNT(*) FROM job_parents AS p WHERE p.job_id = w.job_id AND p.state <> 'done')
ORDER BY w.job_id;

-- name: parentless_jobs
-- Blocked jobs that wait for a job that is not there, or for one that has completed.
SELECT p.job_id FROM job_parents AS p JOIN jobs AS j ON j.id = p.job_id LEFT JOIN jobs AS parent ON parent.id = p.parent_id
WHERE j.status = 'blocked' AND p.state <> 'done' AND (parent.id IS NULL OR parent.status = 'completed') ORDER BY p.job_id;

-- name: miscounted_workflows
-- Workflows that count another number of unfinished jobs than they have.
SELECT w.id FROM workflows AS w
WHERE w.unfinished <> (
    SELECT COUNT(*) FROM workflow_jobs AS m JOIN jobs AS j ON j.id = m.job_id
    WHERE m.workflow_id = w.id AND j.status IN ('scheduled', 'blocked', 'pending', 'processing')
) OR (w.unfinished = 0) <> (w.finished_at IS NOT NULL)
ORDER BY w.id;

-- name: overspent_jobs
-- Jobs that ran more often than they may, or wait for an attempt that they do not have.
SELECT id FROM jobs
WHERE attempts > max_attempts
   OR (status IN ('pending', 'scheduled', 'processing') AND attempts >= max_attempts)
ORDER BY id;

-- name: crashed_too_often
-- Jobs that have killed so many workers and may still run.
SELECT id FROM jobs WHERE crashes >= :most AND status NOT IN ('failed', 'cancelled') ORDER BY id;

-- name: stray_attempts
-- Recorded runs of jobs that are gone, or of claims that were never made.
SELECT a.job_id FROM job_attempts AS a LEFT JOIN jobs AS j ON j.id = a.job_id
WHERE j.id IS NULL OR a.claim > j.claims ORDER BY a.job_id;

-- name: stray_belongings
-- What is kept beside a job that is not there.
SELECT 'result of job ' || b.job_id FROM job_results AS b WHERE NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = b.job_id)
UNION ALL
SELECT 'progress of job ' || b.job_id FROM job_progress AS b WHERE NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = b.job_id)
UNION ALL
SELECT DISTINCT 'log of job ' || b.job_id FROM job_logs AS b WHERE NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = b.job_id)
UNION ALL
SELECT 'deadline of job ' || b.job_id FROM job_deadlines AS b WHERE NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = b.job_id)
UNION ALL
SELECT 'wait of job ' || b.job_id FROM job_waits AS b WHERE NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = b.job_id)
UNION ALL
SELECT 'place in a workflow of job ' || b.job_id FROM workflow_jobs AS b WHERE NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = b.job_id)
UNION ALL
SELECT 'dependency of job ' || b.job_id FROM job_parents AS b WHERE NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = b.job_id)
UNION ALL
SELECT 'dependency on job ' || b.parent_id FROM job_parents AS b WHERE NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = b.parent_id);

-- name: stray_keys
-- Keys without an end whose jobs are gone: no enqueue with such a key would ever run.
SELECT k.key FROM job_keys AS k LEFT JOIN jobs AS j ON j.id = k.job_id
WHERE j.id IS NULL AND k.expires_at IS NULL ORDER BY k.key;

-- name: doubled_ticks
-- Jobs that two ticks lay claim to.
SELECT job_id FROM cron_ticks WHERE job_id IS NOT NULL GROUP BY job_id HAVING COUNT(*) > 1 ORDER BY job_id;

-- name: negative_counters
-- Counters that have been taken from too often.
SELECT type FROM job_counts WHERE count < 0 ORDER BY type;
