-- name: store_result
-- What a job's handler returned.
INSERT INTO job_results (job_id, result, created_at) VALUES (:job_id, :result, :now)
ON CONFLICT (job_id) DO UPDATE SET result = excluded.result, created_at = excluded.created_at;

-- name: results_of
-- What the handlers of these jobs returned, of those that returned something.
SELECT job_id, result FROM job_results WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: delete_result
-- The result of a job that is deleted.
DELETE FROM job_results WHERE job_id = :job_id;
