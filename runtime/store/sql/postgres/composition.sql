-- name: insert_edge
-- Differs because many are one statement: each parameter is a column of all the rows.
INSERT INTO job_parents (parent_id, job_id, position, on_failure, state)
SELECT * FROM unnest(
    CAST(:parent_id[] AS bigint[]), CAST(:job_id[] AS bigint[]), CAST(:position[] AS integer[]),
    CAST(:on_failure[] AS text[]), CAST(:state[] AS text[])
) ON CONFLICT (parent_id, job_id) DO NOTHING;

-- name: insert_wait
-- Differs because many are one statement.
INSERT INTO job_waits (job_id, open) SELECT * FROM unnest(CAST(:job_id[] AS bigint[]), CAST(:open[] AS integer[]));

-- name: hold_parents
-- Differs because they may be ending at this moment: whoever ends them waits until this is committed, and then sees who depends on them.
SELECT id, status FROM jobs WHERE id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json)))) ORDER BY id FOR SHARE;

-- name: close_edges
-- Differs because PostgreSQL takes the ids as an array; made by a query of its own, which runs once: a cast would be done anew for each row that is compared.
UPDATE job_parents SET state = 'done'
WHERE state = 'open' AND parent_id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json)))) AND (:succeeded = 1 OR on_failure = 'run')
RETURNING job_id;

-- name: cancel_edges
-- Differs because PostgreSQL takes the ids as an array.
UPDATE job_parents SET state = 'cancelled'
WHERE state = 'open' AND on_failure = 'cancel' AND parent_id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))))
  AND EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_parents.job_id AND jobs.status = 'blocked')
RETURNING parent_id, job_id;

-- name: count_down
-- Differs because several workers count at once: each locks the rows in one order, so that none waits for the other in a circle; and each join goes by the table's key, as the planner cannot know how many are told.
WITH told AS MATERIALIZED (
    SELECT CAST(pair ->> 0 AS bigint) AS id, CAST(pair ->> 1 AS integer) AS number FROM json_array_elements(CAST(:counts AS json)) AS pair
), held AS MATERIALIZED (
    SELECT w.job_id, told.number FROM told JOIN job_waits AS w ON w.job_id = told.id ORDER BY w.job_id FOR UPDATE OF w
)
UPDATE job_waits SET open = open - held.number FROM held
WHERE job_waits.job_id = held.job_id RETURNING job_waits.job_id, job_waits.open;

-- name: reopen_edges
-- Differs because PostgreSQL takes the ids as an array.
UPDATE job_parents SET state = 'open'
WHERE parent_id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json)))) AND state = 'cancelled' RETURNING job_id;

-- name: cancel_dependants
-- Differs because several workers cancel at once: each locks the rows in one order. The reasons are looked up in one value, as the planner cannot know how many rows they would be.
WITH told AS MATERIALIZED (SELECT CAST(:reasons AS jsonb) AS reasons), held AS MATERIALIZED (
    SELECT id FROM jobs WHERE status = 'blocked'
      AND id = ANY (ARRAY(SELECT CAST(key AS bigint) FROM told, jsonb_object_keys(told.reasons) AS key)) ORDER BY id FOR UPDATE
)
UPDATE jobs SET
    status = 'cancelled', completed_at = :now, updated_at = :now,
    last_error = (SELECT reasons FROM told) ->> CAST(jobs.id AS text)
FROM held WHERE jobs.id = held.id RETURNING jobs.id, jobs.type;

-- name: revive_dependants
-- Differs because PostgreSQL takes the ids as an array.
UPDATE jobs SET status = 'blocked', completed_at = NULL, updated_at = :now
WHERE id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json)))) AND status = 'cancelled' RETURNING id, type;

-- name: count_up
-- Differs because PostgreSQL takes the ids as an array.
UPDATE job_waits SET open = open + 1 WHERE job_id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))));

-- name: unblock_jobs
-- Differs because PostgreSQL takes the ids as an array.
UPDATE jobs SET
    status = CASE WHEN scheduled_at <= :now THEN 'pending' ELSE 'scheduled' END,
    scheduled_at = CASE WHEN scheduled_at <= :now THEN CAST(:now AS double precision) ELSE scheduled_at END,
    updated_at = :now
WHERE id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json)))) AND status = 'blocked' RETURNING type, status;

-- name: waiting_dependants
-- Differs because they may be cancelled at this moment: they wait until this is committed.
SELECT p.job_id, p.on_failure FROM job_parents AS p JOIN jobs AS j ON j.id = p.job_id
WHERE p.parent_id = :parent_id AND p.state = 'open' AND j.status = 'blocked' ORDER BY p.job_id FOR UPDATE OF j;

-- name: delete_edges
-- Differs because many are one statement.
DELETE FROM job_parents WHERE parent_id = ANY (CAST(:id[] AS bigint[])) OR job_id = ANY (CAST(:id[] AS bigint[]));

-- name: delete_wait
-- Differs because many are one statement.
DELETE FROM job_waits WHERE job_id = ANY (CAST(:id[] AS bigint[]));

-- name: insert_member
-- Differs because many are one statement.
INSERT INTO workflow_jobs (job_id, workflow_id)
SELECT * FROM unnest(CAST(:job_id[] AS bigint[]), CAST(:workflow_id[] AS bigint[]));

-- name: workflows_of
-- Differs because PostgreSQL takes the ids as an array.
SELECT job_id, workflow_id FROM workflow_jobs WHERE job_id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json)))) ORDER BY workflow_id;

-- name: delete_member
-- Differs because many are one statement.
DELETE FROM workflow_jobs WHERE job_id = ANY (CAST(:id[] AS bigint[]));

-- name: delete_empty_workflows
-- Differs because PostgreSQL takes the ids as an array.
DELETE FROM workflows WHERE id = ANY (ARRAY(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))))
  AND NOT EXISTS (SELECT 1 FROM workflow_jobs AS m WHERE m.workflow_id = workflows.id);
