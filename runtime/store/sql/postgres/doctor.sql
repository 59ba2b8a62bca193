-- name: used_job_ids
-- Differs because ids come from a sequence here.
SELECT id FROM jobs WHERE id > (SELECT last_value FROM job_ids) ORDER BY id;

-- name: engine_version
-- Differs because the server says its version in its own way.
SELECT split_part(current_setting('server_version'), ' ', 1);

-- name: synchronous_level
-- Differs because the server names what it waits for at a commit.
SELECT current_setting('synchronous_commit');
