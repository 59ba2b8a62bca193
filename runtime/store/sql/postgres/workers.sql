-- name: keep_claimer
-- Differs because others write at the same time: without a lock one could bury it between this and what it claims, and those jobs would stay with a worker that comes back and knows nothing of them. Beats go on.
SELECT beat FROM workers WHERE id = :id FOR KEY SHARE;

-- name: hold_suspect
-- Differs because it claims at the same time: whoever buries it waits for that, and gives those jobs back, too.
SELECT beat FROM workers WHERE id = :id FOR UPDATE;
