-- Money is INTEGER cents; moments are REAL seconds since 1970 UTC.

CREATE TABLE products (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
    stock       INTEGER NOT NULL CHECK (stock >= 0)
) STRICT;
INSERT INTO products (id, name, price_cents, stock) VALUES
    ('prod-1', 'Mechanical Keyboard', 8999, 50),
    ('prod-2', 'USB-C Hub', 3499, 100),
    ('prod-3', 'Monitor Stand', 4999, 25);

-- The id is random, for whoever knows it may see the order; the number counts, for lists and cursors.
CREATE TABLE orders (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    user_id      TEXT NOT NULL,
    email        TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('pending_payment', 'paid', 'completed', 'payment_failed')),
    total_cents  INTEGER NOT NULL CHECK (total_cents >= 0),
    created_at   REAL NOT NULL,
    paid_at      REAL,
    completed_at REAL
) STRICT;
CREATE INDEX orders_by_user ON orders (user_id, number);
-- What the sales report of a day reads.
CREATE INDEX orders_by_payment ON orders (paid_at) WHERE paid_at IS NOT NULL;

-- Name and price as they were when the order was placed.
CREATE TABLE order_items (
    order_id    TEXT NOT NULL REFERENCES orders (id),
    line        INTEGER NOT NULL,
    product_id  TEXT NOT NULL REFERENCES products (id),
    name        TEXT NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    price_cents INTEGER NOT NULL,
    PRIMARY KEY (order_id, line)
) STRICT, WITHOUT ROWID;

-- The intent to charge, written before the gateway is asked, and what came of it.
CREATE TABLE payments (
    order_id     TEXT PRIMARY KEY REFERENCES orders (id),
    state        TEXT NOT NULL CHECK (state IN ('started', 'paid', 'declined', 'failed')),
    amount_cents INTEGER NOT NULL,
    charge_id    TEXT,
    reason       TEXT,
    started_at   REAL NOT NULL,
    settled_at   REAL
) STRICT, WITHOUT ROWID;

-- Which order an idempotency key stands for, and a digest of the request that it came with.
CREATE TABLE order_requests (
    key         TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    order_id    TEXT NOT NULL REFERENCES orders (id),
    created_at  REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX order_requests_by_age ON order_requests (created_at);

-- The parts of an order's work, each with its job. An order whose needed parts are all done is completed.
CREATE TABLE order_jobs (
    order_id TEXT NOT NULL REFERENCES orders (id),
    part     TEXT NOT NULL,
    job_id   INTEGER NOT NULL,
    needed   INTEGER NOT NULL CHECK (needed IN (0, 1)),
    done_at  REAL,
    PRIMARY KEY (order_id, part)
) STRICT, WITHOUT ROWID;

-- The number is taken before the invoice is drawn, so a second attempt draws the same one.
CREATE TABLE invoices (
    order_id   TEXT PRIMARY KEY REFERENCES orders (id),
    number     INTEGER NOT NULL UNIQUE,
    created_at REAL NOT NULL,
    pdf        BLOB
) STRICT;

CREATE TABLE sales_reports (
    day           TEXT PRIMARY KEY,
    orders        INTEGER NOT NULL,
    revenue_cents INTEGER NOT NULL,
    top_products  TEXT NOT NULL,
    created_at    REAL NOT NULL
) STRICT;
