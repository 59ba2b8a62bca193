-- name: store_progress
-- Differs because many are one statement: each parameter is a column of all the rows.
INSERT INTO job_progress (job_id, claim, number, fraction, message, reported_at)
SELECT new.job_id, new.claim, new.number, new.fraction, new.message, new.reported_at
FROM unnest(
    CAST(:number[] AS bigint[]), CAST(:fraction[] AS double precision[]), CAST(:message[] AS text[]),
    CAST(:reported_at[] AS double precision[]), CAST(:job_id[] AS bigint[]), CAST(:claim[] AS integer[])
) AS new (number, fraction, message, reported_at, job_id, claim)
JOIN jobs ON jobs.id = new.job_id AND jobs.claims = new.claim
ORDER BY new.job_id
ON CONFLICT (job_id) DO UPDATE SET
    claim = excluded.claim, number = excluded.number, fraction = excluded.fraction, message = excluded.message,
    reported_at = excluded.reported_at
WHERE excluded.claim > job_progress.claim OR (excluded.claim = job_progress.claim AND excluded.number > job_progress.number);

-- name: store_log_line
-- Differs because many are one statement: each parameter is a column of all the rows.
INSERT INTO job_logs (job_id, claim, number, level, text, logged_at)
SELECT new.job_id, new.claim, new.number, new.level, new.text, new.logged_at
FROM unnest(
    CAST(:number[] AS bigint[]), CAST(:level[] AS text[]), CAST(:text[] AS text[]),
    CAST(:logged_at[] AS double precision[]), CAST(:job_id[] AS bigint[]), CAST(:claim[] AS integer[])
) AS new (number, level, text, logged_at, job_id, claim)
JOIN jobs ON jobs.id = new.job_id AND jobs.claims = new.claim
ON CONFLICT (job_id, claim, number) DO NOTHING;

-- name: delete_progress
-- Differs because many are one statement.
DELETE FROM job_progress WHERE job_id = ANY (CAST(:job_id[] AS bigint[]));

-- name: delete_log
-- Differs because many are one statement.
DELETE FROM job_logs WHERE job_id = ANY (CAST(:job_id[] AS bigint[]));
