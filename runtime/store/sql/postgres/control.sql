-- name: hold_limit
-- Differs because other processes take tokens at the same time: whoever reads to take makes them wait until its commit.
SELECT type, rate, source, tokens, updated_at FROM rate_limits WHERE type = :type FOR UPDATE;

-- name: prunable_jobs
-- Differs because several may be pruning: each passes over what another has locked.
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
ORDER BY completed_at LIMIT :most FOR UPDATE OF jobs SKIP LOCKED;

-- name: delete_job
-- Differs because many are one statement.
DELETE FROM jobs WHERE id = ANY (CAST(:id[] AS bigint[]));

-- name: delete_attempts
-- Differs because many are one statement.
DELETE FROM job_attempts WHERE job_id = ANY (CAST(:id[] AS bigint[]));
