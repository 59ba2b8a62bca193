-- name: engine_version
-- Differs because only SQLite is a library whose version decides about safety.
SELECT sqlite_version();

-- name: journal_mode
-- Differs because only SQLite has a choice of journals; it must be WAL.
PRAGMA journal_mode;

-- name: foreign_keys_kept
-- Differs because only SQLite leaves foreign keys unchecked unless told.
PRAGMA foreign_keys;

-- name: damaged_pages
-- Differs because only SQLite checks its file on demand: `ok`, or one line for each damage.
PRAGMA integrity_check(20);

-- name: synchronous_level
-- Differs because only SQLite leaves it to a connection whether commits are synced.
PRAGMA synchronous;

-- name: broken_references
-- Differs because only SQLite can hold rows that break a foreign key, written while it did not check.
PRAGMA foreign_key_check;
