-- name: used_job_ids
-- Differs because ids come from a sequence here.
SELECT id FROM jobs WHERE id > (SELECT last_value FROM job_ids) ORDER BY id;

-- name: engine_version
-- Differs because the server says its version in its own way.
SELECT split_part(current_setting('server_version'), ' ', 1);

-- name: server_settings
-- Differs because only a server has them: what it would forgive itself in a crash, and whether it sweeps.
SELECT name, setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum') ORDER BY name;

-- name: oldest_transaction
-- Differs because only a server has others: how many seconds the longest transaction has been open.
SELECT CAST(COALESCE(MAX(extract(epoch FROM clock_timestamp() - xact_start)), 0) AS double precision)
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();

-- name: server_connections
-- Differs because only a server has them: those in use, and how many there may be.
SELECT COUNT(*), CAST(current_setting('max_connections') AS bigint) FROM pg_stat_activity WHERE backend_type = 'client backend';

-- name: dead_rows
-- Differs because only PostgreSQL leaves old versions of rows to a sweeper: those of the jobs, and the live ones.
SELECT n_dead_tup, n_live_tup FROM pg_stat_user_tables WHERE relname = 'jobs' AND schemaname = current_schema();
