-- name: store_progress
-- How far an attempt is, unless the job has been claimed again since, or a newer word is stored.
INSERT INTO job_progress (job_id, claim, number, fraction, message, reported_at)
SELECT id, claims, :number, :fraction, :message, :reported_at FROM jobs WHERE id = :job_id AND claims = :claim
ON CONFLICT (job_id) DO UPDATE SET
    claim = excluded.claim, number = excluded.number, fraction = excluded.fraction, message = excluded.message,
    reported_at = excluded.reported_at
WHERE excluded.claim > job_progress.claim OR (excluded.claim = job_progress.claim AND excluded.number > job_progress.number);

-- name: store_log_line
-- A line of an attempt's log, unless the job has been claimed again since.
INSERT INTO job_logs (job_id, claim, number, level, text, logged_at)
SELECT id, claims, :number, :level, :text, :logged_at FROM jobs WHERE id = :job_id AND claims = :claim
ON CONFLICT (job_id, claim, number) DO NOTHING;

-- name: trim_log
-- Of a job's log only the newest lines stay.
DELETE FROM job_logs
WHERE job_id = :job_id AND (claim, number) IN (
    SELECT claim, number FROM job_logs WHERE job_id = :job_id ORDER BY claim DESC, number DESC LIMIT 1000000 OFFSET :most
);

-- name: find_progress
-- How far the newest attempt of a job is, if it has said so.
SELECT p.fraction, p.message, p.reported_at FROM job_progress AS p JOIN jobs AS j ON j.id = p.job_id AND j.claims = p.claim
WHERE p.job_id = :job_id;

-- name: list_log
-- A job's log, oldest line first.
SELECT claim, level, text, logged_at FROM job_logs WHERE job_id = :job_id ORDER BY claim, number;

-- name: delete_progress
-- The progress of a job that is deleted.
DELETE FROM job_progress WHERE job_id = :job_id;

-- name: delete_log
-- The log of a job that is deleted.
DELETE FROM job_logs WHERE job_id = :job_id;
