-- name: insert_webhook_message
-- What happened; known already, it stays as it is.
INSERT INTO webhook_messages (id, event, body, created_at) VALUES (:id, :event, :body, :now)
ON CONFLICT (id) DO NOTHING;

-- name: insert_webhook_delivery
-- A message is to reach an endpoint; nothing where it already is.
INSERT INTO webhook_deliveries (endpoint_id, message_id, status, created_at, expires_at)
VALUES (:endpoint_id, :message_id, 'pending', :now, :expires_at)
ON CONFLICT (message_id, endpoint_id) DO NOTHING
RETURNING id;

-- name: begin_webhook_delivery
-- It is to be delivered, by that job, until that moment.
UPDATE webhook_deliveries SET job_id = :job_id, status = 'pending', expires_at = :expires_at, finished_at = NULL
WHERE id = :id;

-- name: find_webhook_delivery
-- The delivery of that id, with its message.
SELECT webhook_deliveries.id, webhook_deliveries.endpoint_id, webhook_deliveries.message_id, webhook_messages.event,
    webhook_deliveries.status, webhook_deliveries.job_id, webhook_deliveries.attempts, webhook_deliveries.created_at,
    webhook_deliveries.expires_at, webhook_deliveries.sending_until, webhook_deliveries.finished_at,
    webhook_deliveries.last_status, webhook_deliveries.last_error
FROM webhook_deliveries JOIN webhook_messages ON webhook_messages.id = webhook_deliveries.message_id
WHERE webhook_deliveries.id = :id;

-- name: list_webhook_deliveries
-- An endpoint's deliveries, newest first, those before a cursor.
SELECT webhook_deliveries.id, webhook_deliveries.endpoint_id, webhook_deliveries.message_id, webhook_messages.event,
    webhook_deliveries.status, webhook_deliveries.job_id, webhook_deliveries.attempts, webhook_deliveries.created_at,
    webhook_deliveries.expires_at, webhook_deliveries.sending_until, webhook_deliveries.finished_at,
    webhook_deliveries.last_status, webhook_deliveries.last_error
FROM webhook_deliveries JOIN webhook_messages ON webhook_messages.id = webhook_deliveries.message_id
WHERE webhook_deliveries.endpoint_id = :endpoint_id AND webhook_deliveries.id < :before
ORDER BY webhook_deliveries.id DESC LIMIT :most;

-- name: find_webhook_body
-- The text that is signed and sent.
SELECT body FROM webhook_messages WHERE id = :id;

-- name: count_webhooks_waiting
-- How many deliveries an endpoint still has before it.
SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = :endpoint_id AND status = 'pending';

-- name: count_webhooks_sending
-- How many others are being sent to the endpoint at this moment.
SELECT count(*) FROM webhook_deliveries
WHERE endpoint_id = :endpoint_id AND status = 'pending' AND sending_until > :now AND id <> :id;

-- name: start_webhook_attempt
-- It is being sent, until that moment at most.
UPDATE webhook_deliveries SET status = 'pending', sending_until = :sending_until, finished_at = NULL WHERE id = :id;

-- name: end_webhook_attempt
-- What came of an attempt.
UPDATE webhook_deliveries SET status = :status, attempts = :attempts, sending_until = NULL,
    finished_at = :finished_at, last_status = :last_status, last_error = :last_error
WHERE id = :id;

-- name: fail_webhook_delivery
-- It is not tried again by itself.
UPDATE webhook_deliveries SET status = 'failed', finished_at = :now, sending_until = NULL, last_error = :reason
WHERE id = :id AND status = 'pending';

-- name: fail_abandoned_webhooks
-- Deliveries whose job ended in some other way, or is gone: nobody carries them any more.
UPDATE webhook_deliveries SET status = 'failed', finished_at = :now, sending_until = NULL, last_error = :reason
WHERE status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM jobs
    WHERE jobs.id = webhook_deliveries.job_id AND jobs.status NOT IN ('completed', 'failed', 'cancelled')
);

-- name: insert_webhook_attempt
-- One attempt, for the log.
INSERT INTO webhook_attempts (delivery_id, number, started_at, seconds, status, error, answer)
VALUES (:delivery_id, :number, :started_at, :seconds, :status, :error, :answer);

-- name: list_webhook_attempts
-- The log of a delivery, oldest first.
SELECT number, started_at, seconds, status, error, answer
FROM webhook_attempts WHERE delivery_id = :delivery_id ORDER BY number;

-- name: trim_webhook_attempts
-- The oldest attempts of a delivery that has many.
DELETE FROM webhook_attempts WHERE delivery_id = :delivery_id AND number <= :number;

-- name: list_old_webhooks
-- Deliveries that ended before a moment, oldest first.
SELECT id, message_id FROM webhook_deliveries
WHERE finished_at IS NOT NULL AND finished_at < :before ORDER BY finished_at LIMIT :most;

-- name: list_surplus_webhooks
-- Ended deliveries of an endpoint beyond the newest so many.
SELECT id, message_id FROM webhook_deliveries
WHERE endpoint_id = :endpoint_id AND finished_at IS NOT NULL ORDER BY id DESC LIMIT :most OFFSET :kept;

-- name: list_webhooks_of_endpoint
-- All deliveries of an endpoint.
SELECT id, message_id FROM webhook_deliveries WHERE endpoint_id = :endpoint_id;

-- name: delete_webhook_attempts
-- The log of a delivery.
DELETE FROM webhook_attempts WHERE delivery_id = :id;

-- name: delete_webhook_delivery
-- The delivery itself.
DELETE FROM webhook_deliveries WHERE id = :id;

-- name: delete_webhook_message
-- A message that is on its way to nobody.
DELETE FROM webhook_messages
WHERE id = :id AND NOT EXISTS (SELECT 1 FROM webhook_deliveries WHERE message_id = :id);
