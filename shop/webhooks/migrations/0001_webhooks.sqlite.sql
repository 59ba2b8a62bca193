-- Moments are REAL seconds since 1970 UTC.

-- Who is told. Secrets stand here as they are: what is signed with must be known.
CREATE TABLE webhook_endpoints (
    id              TEXT PRIMARY KEY,
    url             TEXT NOT NULL,
    secret          TEXT NOT NULL,
    previous_secret TEXT,
    previous_until  REAL,
    created_at      REAL NOT NULL,
    disabled_at     REAL,
    disabled_reason TEXT,
    failures        INTEGER NOT NULL DEFAULT 0,
    paused_until    REAL,
    delivered_at    REAL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_subscriptions (
    event       TEXT NOT NULL,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
    PRIMARY KEY (event, endpoint_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_subscriptions_by_endpoint ON webhook_subscriptions (endpoint_id);

-- What happened, written once: the very text that every attempt signs and sends.
CREATE TABLE webhook_messages (
    id         TEXT PRIMARY KEY,
    event      TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- One message on its way to one endpoint, and the job that carries it.
CREATE TABLE webhook_deliveries (
    id            INTEGER PRIMARY KEY,
    endpoint_id   TEXT NOT NULL REFERENCES webhook_endpoints (id),
    message_id    TEXT NOT NULL REFERENCES webhook_messages (id),
    status        TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    job_id        INTEGER,
    attempts      INTEGER NOT NULL DEFAULT 0,
    created_at    REAL NOT NULL,
    expires_at    REAL NOT NULL,
    sending_until REAL,
    finished_at   REAL,
    last_status   INTEGER,
    last_error    TEXT,
    UNIQUE (message_id, endpoint_id)
) STRICT;
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint_id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    delivery_id INTEGER NOT NULL REFERENCES webhook_deliveries (id),
    number      INTEGER NOT NULL,
    started_at  REAL NOT NULL,
    seconds     REAL NOT NULL,
    status      INTEGER,
    error       TEXT,
    answer      TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;
