-- name: insert_webhook_endpoint
-- Somebody who wants to be told.
INSERT INTO webhook_endpoints (id, url, secret, created_at) VALUES (:id, :url, :secret, :now);

-- name: insert_webhook_subscription
-- One kind of event that an endpoint is told of.
INSERT INTO webhook_subscriptions (event, endpoint_id) VALUES (:event, :endpoint_id);

-- name: count_webhook_endpoints
-- How many there are.
SELECT count(*) FROM webhook_endpoints;

-- name: list_webhook_endpoints
-- All of them, oldest first.
SELECT id, url, created_at, disabled_at, disabled_reason, failures, paused_until, delivered_at, previous_until
FROM webhook_endpoints ORDER BY created_at, id;

-- name: find_webhook_endpoint
-- The endpoint of that id.
SELECT id, url, created_at, disabled_at, disabled_reason, failures, paused_until, delivered_at, previous_until
FROM webhook_endpoints WHERE id = :id;

-- name: find_webhook_secrets
-- What to sign with: the endpoint's secret, and the one before, with the moment until which that holds.
SELECT secret, previous_secret, previous_until FROM webhook_endpoints WHERE id = :id;

-- name: list_webhook_subscriptions
-- What an endpoint is told of.
SELECT event FROM webhook_subscriptions WHERE endpoint_id = :endpoint_id ORDER BY event;

-- name: list_webhook_subscribers
-- Who is told of an event, and until when nothing is sent there.
SELECT webhook_endpoints.id, webhook_endpoints.paused_until
FROM webhook_subscriptions JOIN webhook_endpoints ON webhook_endpoints.id = webhook_subscriptions.endpoint_id
WHERE webhook_subscriptions.event = :event AND webhook_endpoints.disabled_at IS NULL
ORDER BY webhook_subscriptions.endpoint_id;

-- name: lock_webhook_endpoint
-- Make other transactions that touch the same endpoint wait for this one.
UPDATE webhook_endpoints SET failures = failures WHERE id = :id;

-- name: rotate_webhook_secret
-- A new secret; the one before holds for a while.
UPDATE webhook_endpoints SET previous_secret = secret, previous_until = :until, secret = :secret WHERE id = :id;

-- name: forget_webhook_secrets
-- Secrets before the present ones, once they no longer hold.
UPDATE webhook_endpoints SET previous_secret = NULL, previous_until = NULL WHERE previous_until <= :now;

-- name: disable_webhook_endpoint
-- Nothing more is sent there.
UPDATE webhook_endpoints SET disabled_at = :now, disabled_reason = :reason WHERE id = :id AND disabled_at IS NULL;

-- name: enable_webhook_endpoint
-- Begin anew.
UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = NULL, failures = 0, paused_until = NULL
WHERE id = :id;

-- name: set_webhook_health
-- How the endpoint fares.
UPDATE webhook_endpoints SET failures = :failures, paused_until = :paused_until WHERE id = :id;

-- name: note_webhook_success
-- The endpoint has taken something.
UPDATE webhook_endpoints SET delivered_at = :now WHERE id = :id;

-- name: delete_webhook_subscriptions
-- All that an endpoint is told of.
DELETE FROM webhook_subscriptions WHERE endpoint_id = :endpoint_id;

-- name: delete_webhook_endpoint
-- The endpoint itself.
DELETE FROM webhook_endpoints WHERE id = :id;
