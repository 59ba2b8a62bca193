-- name: store_result
-- Differs because many are one statement: each parameter is a column of all the rows.
INSERT INTO job_results (job_id, result, created_at)
SELECT * FROM unnest(CAST(:job_id[] AS bigint[]), CAST(:result[] AS text[]), CAST(:now[] AS double precision[]))
ON CONFLICT (job_id) DO UPDATE SET result = excluded.result, created_at = excluded.created_at;

-- name: results_of
-- Differs because PostgreSQL takes the ids as an array.
SELECT job_id, result FROM job_results WHERE job_id = ANY (CAST(translate(:ids, '[]', '{}') AS bigint[]));

-- name: delete_result
-- Differs because many are one statement.
DELETE FROM job_results WHERE job_id = ANY (CAST(:job_id[] AS bigint[]));
