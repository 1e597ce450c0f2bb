-- How many messages of a webhook were given up, and their bytes.

ALTER TABLE webhooks ADD COLUMN dead INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE webhooks ADD COLUMN dead_bytes INTEGER DEFAULT 0 NOT NULL;
UPDATE webhooks SET (dead, dead_bytes) = (
    SELECT count(*), coalesce(sum(length(value)), 0)
    FROM webhook_queue JOIN webhook_messages AS message
        ON message.page = webhook_queue.page AND message.number = webhook_queue.number
        AND message.cache_id = webhooks.cache_id AND message.topic = webhooks.topic
    WHERE webhook_queue.webhook_id = webhooks.id AND dead_at IS NOT NULL
);
