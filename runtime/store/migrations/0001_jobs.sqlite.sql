-- Moments are REAL seconds since 1970 UTC, so `datetime(created_at, 'unixepoch')` reads them.

CREATE TABLE jobs (
    id               INTEGER PRIMARY KEY,
    type             TEXT NOT NULL,
    payload          TEXT NOT NULL,
    -- A CASE, since SQLite fills a table in memory for every row that an IN of seven is checked for.
    status           TEXT NOT NULL CHECK (
        CASE status
            WHEN 'pending' THEN 1 WHEN 'processing' THEN 1 WHEN 'completed' THEN 1 WHEN 'scheduled' THEN 1
            WHEN 'failed' THEN 1 WHEN 'cancelled' THEN 1 WHEN 'blocked' THEN 1 ELSE 0
        END),
    priority         INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 100),
    attempts         INTEGER NOT NULL DEFAULT 0,
    max_attempts     INTEGER NOT NULL,
    crashes          INTEGER NOT NULL DEFAULT 0,
    claims           INTEGER NOT NULL DEFAULT 0,
    last_error       TEXT,
    key              TEXT,
    scheduled_at     REAL NOT NULL,
    created_at       REAL NOT NULL,
    updated_at       REAL NOT NULL,
    completed_at     REAL,
    locked_by        TEXT,
    locked_at        REAL,
    cancel_requested INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What may be claimed: one arm of the index a type and priority, each in order of due time.
CREATE INDEX jobs_ready ON jobs (type, priority, scheduled_at, id) WHERE status = 'pending';
-- What will be due: the promoter reads from the front.
CREATE INDEX jobs_scheduled ON jobs (scheduled_at, id) WHERE status = 'scheduled';
-- What runs, by worker: small, since it holds only what runs.
CREATE INDEX jobs_processing ON jobs (locked_by) WHERE status = 'processing';
-- What may be pruned; it grows at its end only.
CREATE INDEX jobs_finished ON jobs (completed_at) WHERE status IN ('completed', 'cancelled');
-- What people look for.
CREATE INDEX jobs_failed ON jobs (id) WHERE status = 'failed';
CREATE INDEX jobs_cancelled ON jobs (id) WHERE status = 'cancelled';
CREATE INDEX jobs_blocked ON jobs (id) WHERE status = 'blocked';

-- The next job's id. Our own, so that ids are never used twice and known before the row is written.
CREATE TABLE job_ids (only INTEGER PRIMARY KEY CHECK (only = 1), next INTEGER NOT NULL) STRICT;
INSERT INTO job_ids VALUES (1, 1);

-- Runs that did not complete their job. The run that did, and the one going on, stand in `jobs` itself.
CREATE TABLE job_attempts (
    job_id     INTEGER NOT NULL,
    claim      INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    error      TEXT,
    worker     TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at   REAL NOT NULL,
    PRIMARY KEY (job_id, claim)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letter_jobs (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id    INTEGER NOT NULL UNIQUE,
    type      TEXT NOT NULL,
    payload   TEXT NOT NULL,
    attempts  INTEGER NOT NULL,
    error     TEXT NOT NULL,
    failed_at REAL NOT NULL,
    reviewed  INTEGER NOT NULL DEFAULT 0 CHECK (reviewed IN (0, 1))
) STRICT;
CREATE INDEX dead_letter_jobs_unreviewed ON dead_letter_jobs (id) WHERE reviewed = 0;

-- Who holds a key: while the job is unfinished, and until expires_at where there is one.
CREATE TABLE job_keys (
    type       TEXT NOT NULL,
    key        TEXT NOT NULL,
    job_id     INTEGER NOT NULL,
    expires_at REAL,
    PRIMARY KEY (type, key)
) STRICT, WITHOUT ROWID;

-- Kept in the transactions that change the jobs, so that no statistic ever counts rows.
CREATE TABLE job_counts (
    type   TEXT NOT NULL,
    status TEXT NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (type, status)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_history (
    minute  INTEGER NOT NULL,
    type    TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (minute, type, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE paused_types (type TEXT PRIMARY KEY, paused_at REAL NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE rate_limits (
    type       TEXT PRIMARY KEY,
    rate       TEXT NOT NULL,
    source     TEXT NOT NULL CHECK (source IN ('declared', 'operator')),
    tokens     REAL NOT NULL,
    updated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cron_schedules (
    name         TEXT PRIMARY KEY,
    expression   TEXT NOT NULL,
    timezone     TEXT NOT NULL,
    missed       TEXT NOT NULL,
    overlap      TEXT NOT NULL,
    payload      TEXT NOT NULL,
    paused       INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    checked_until REAL NOT NULL,
    last_tick_at REAL,
    last_job_id  INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE cron_ticks (
    name    TEXT NOT NULL,
    tick_at REAL NOT NULL,
    job_id  INTEGER,
    PRIMARY KEY (name, tick_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX cron_ticks_by_age ON cron_ticks (tick_at);

CREATE TABLE workers (
    id         TEXT PRIMARY KEY,
    host       TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    boot       TEXT NOT NULL,
    started_at REAL NOT NULL,
    seen_at    REAL NOT NULL,
    beat       REAL NOT NULL,
    stale_after REAL NOT NULL,
    runners    INTEGER NOT NULL,
    running    INTEGER NOT NULL,
    types      TEXT NOT NULL,
    stopping   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE once_marks (
    key     TEXT PRIMARY KEY,
    job_id  INTEGER NOT NULL,
    done_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX once_marks_by_age ON once_marks (done_at);
