-- name: insert_effect
-- A job has had its effect. No key: what happens twice must be seen.
INSERT INTO effects (job_id, at) VALUES (:job_id, :now);

-- name: doubled_effects
-- Jobs that had their effect more than once.
SELECT job_id FROM effects GROUP BY job_id HAVING count(*) > 1 ORDER BY job_id;

-- name: completed_without_effect
-- Jobs that claim to be done.
SELECT id FROM jobs
WHERE type = 'work' AND status = 'completed' AND id NOT IN (SELECT job_id FROM effects) ORDER BY id;

-- name: effects_without_completion
-- Effects of jobs that were not completed with them.
SELECT job_id FROM effects
WHERE job_id NOT IN (SELECT id FROM jobs WHERE status = 'completed') ORDER BY job_id;
