-- Limits of a type beside its rate: how many jobs run at once, and what holds for each key of its jobs.
CREATE TABLE type_limits (
    type   TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('concurrency', 'key_rate', 'key_concurrency')),
    value  TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('declared', 'operator')),
    PRIMARY KEY (type, kind)
) STRICT, WITHOUT ROWID;

-- What the jobs of a type (key '') or of one key (as JSON) have used: tokens, places, and how many are parked.
CREATE TABLE lanes (
    type       TEXT NOT NULL,
    key        TEXT NOT NULL,
    tokens     REAL NOT NULL,
    updated_at REAL NOT NULL,
    running    INTEGER NOT NULL DEFAULT 0,
    parked     INTEGER NOT NULL DEFAULT 0,
    opens_at   REAL,
    PRIMARY KEY (type, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_opening ON lanes (opens_at) WHERE opens_at IS NOT NULL;

-- Which running jobs hold a place in which lane, and by which claim.
CREATE TABLE lane_slots (
    job_id INTEGER NOT NULL,
    key    TEXT NOT NULL,
    type   TEXT NOT NULL,
    claims INTEGER NOT NULL,
    PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;

-- Jobs whose key had no room when they were to start: `blocked` until their lane opens.
CREATE TABLE parked_jobs (
    job_id       INTEGER PRIMARY KEY,
    type         TEXT NOT NULL,
    key          TEXT NOT NULL,
    priority     INTEGER NOT NULL,
    scheduled_at REAL NOT NULL
) STRICT;
CREATE INDEX parked_jobs_by_lane ON parked_jobs (type, key, priority DESC, scheduled_at, job_id);
