-- name: cancel_waiting_job
-- A job that is not running ends as cancelled at once.
UPDATE jobs SET status = 'cancelled', completed_at = :now, updated_at = :now
WHERE id = :id AND status IN ('scheduled', 'blocked', 'pending');

-- name: request_cancel
-- A running job's worker is asked to cancel it.
UPDATE jobs SET cancel_requested = 1, updated_at = :now WHERE id = :id AND status = 'processing';

-- name: restart_job
-- A job begins again with all its attempts.
UPDATE jobs SET status = 'pending', max_attempts = attempts + :budget, crashes = 0, scheduled_at = :now,
    completed_at = NULL, locked_by = NULL, locked_at = NULL, updated_at = :now
WHERE id = :id AND status IN ('failed', 'cancelled');

-- name: hasten_job
-- A scheduled job is due now.
UPDATE jobs SET status = 'pending', scheduled_at = :now, updated_at = :now WHERE id = :id AND status = 'scheduled';

-- name: insert_dead_letter
-- A job has failed for good.
INSERT INTO dead_letter_jobs (job_id, type, payload, attempts, error, failed_at)
VALUES (:job_id, :type, :payload, :attempts, :error, :now)
ON CONFLICT (job_id) DO UPDATE SET
    attempts = excluded.attempts, error = excluded.error, failed_at = excluded.failed_at, reviewed = 0;

-- name: find_dead_letter
-- The dead letter of that id.
SELECT id, job_id, type, payload, attempts, error, failed_at, reviewed FROM dead_letter_jobs WHERE id = :id;

-- name: list_dead_letters
-- Dead letters, newest first.
SELECT id, job_id, type, payload, attempts, error, failed_at, reviewed FROM dead_letter_jobs
WHERE id < :before AND (CAST(:reviewed AS integer) IS NULL OR reviewed = :reviewed) AND (CAST(:type AS text) IS NULL OR type = :type)
ORDER BY id DESC LIMIT :most;

-- name: list_unreviewed_dead_letters
-- Dead letters nobody has looked at, newest first.
SELECT id, job_id, type, payload, attempts, error, failed_at, reviewed FROM dead_letter_jobs
WHERE reviewed = 0 AND id < :before AND (CAST(:type AS text) IS NULL OR type = :type)
ORDER BY id DESC LIMIT :most;

-- name: review_dead_letter
-- Somebody has looked at it.
UPDATE dead_letter_jobs SET reviewed = 1 WHERE id = :id;

-- name: delete_dead_letter
-- Its job is on its way again.
DELETE FROM dead_letter_jobs WHERE job_id = :job_id;

-- name: purge_dead_letters
-- Throw some dead letters away, oldest first; their jobs stay, as failed.
DELETE FROM dead_letter_jobs
WHERE id IN (SELECT id FROM dead_letter_jobs WHERE reviewed = 1 OR :all = 1 ORDER BY id LIMIT :most);

-- name: pause_type
-- No job of this type starts.
INSERT INTO paused_types (type, paused_at) VALUES (:type, :now) ON CONFLICT (type) DO NOTHING;

-- name: resume_type
-- Jobs of this type may start again.
DELETE FROM paused_types WHERE type = :type;

-- name: list_paused_types
-- The types that may not start.
SELECT type FROM paused_types ORDER BY type;

-- name: list_limits
-- Every rate limit, also those that an operator switched off.
SELECT type, rate, source, tokens, updated_at FROM rate_limits ORDER BY type;

-- name: find_limit
-- The rate limit of a type.
SELECT type, rate, source, tokens, updated_at FROM rate_limits WHERE type = :type;

-- name: hold_limit
-- The same, for a transaction that is about to take tokens.
SELECT type, rate, source, tokens, updated_at FROM rate_limits WHERE type = :type;

-- name: save_limit
-- A limit as it is from now on.
INSERT INTO rate_limits (type, rate, source, tokens, updated_at) VALUES (:type, :rate, :source, :tokens, :now)
ON CONFLICT (type) DO UPDATE SET
    rate = excluded.rate, source = excluded.source, tokens = excluded.tokens, updated_at = excluded.updated_at;

-- name: save_bucket
-- What a bucket holds after some jobs started.
UPDATE rate_limits SET tokens = :tokens, updated_at = :updated_at WHERE type = :type;

-- name: prunable_jobs
-- Finished jobs older than a moment, oldest first; not those whose key is still taken for a period.
SELECT id, type, status, key FROM jobs
WHERE status IN ('completed', 'cancelled') AND completed_at < :before
  AND (key IS NULL OR NOT EXISTS (
    SELECT 1 FROM job_keys
    WHERE job_keys.type = jobs.type AND job_keys.key = jobs.key AND job_keys.job_id = jobs.id
      AND job_keys.expires_at > :now
  ))
  AND NOT EXISTS (
    SELECT 1 FROM job_parents JOIN jobs AS dependant ON dependant.id = job_parents.job_id
    WHERE job_parents.parent_id = jobs.id AND dependant.status = 'blocked'
  )
ORDER BY completed_at LIMIT :most;

-- name: delete_job
-- A job that nobody needs any more.
DELETE FROM jobs WHERE id = :id;

-- name: delete_attempts
-- Its recorded runs.
DELETE FROM job_attempts WHERE job_id = :id;

-- name: prune_once_marks
-- Some marks of effects whose jobs are long gone.
DELETE FROM once_marks
WHERE key IN (SELECT key FROM once_marks WHERE done_at < :before ORDER BY done_at LIMIT :most);

-- name: prune_ticks
-- Some ticks older than any that could fire again.
DELETE FROM cron_ticks
WHERE (name, tick_at) IN (SELECT name, tick_at FROM cron_ticks WHERE tick_at < :before ORDER BY tick_at LIMIT :most);
