-- name: size_of_queue
-- Differs because a server has other tables, too: bytes of the jobs, their indexes and dead rows included.
SELECT pg_total_relation_size('jobs');
