-- Webhooks, what waits for them, and what was delivered.

CREATE TABLE webhooks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    topic TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    old_secret TEXT,
    old_secret_until INTEGER,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision INTEGER NOT NULL,
    disabled_at INTEGER,
    failures INTEGER DEFAULT 0 NOT NULL,
    next_attempt_at INTEGER DEFAULT 0 NOT NULL,
    waiting INTEGER DEFAULT 0 NOT NULL,
    waiting_bytes INTEGER DEFAULT 0 NOT NULL,
    dropped INTEGER DEFAULT 0 NOT NULL,
    deliveries INTEGER DEFAULT 0 NOT NULL,
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    FOREIGN KEY(cache_id) REFERENCES caches (id)
);
CREATE INDEX webhooks_by_revision ON webhooks (revision);
CREATE UNIQUE INDEX one_webhook_of_a_name ON webhooks (cache_id, name) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_of_an_account ON webhooks (account_id) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_that_wait ON webhooks (next_attempt_at) WHERE waiting > 0;
CREATE INDEX webhooks_with_an_old_secret ON webhooks (old_secret_until) WHERE old_secret_until IS NOT NULL;

CREATE TABLE webhook_messages (
    page INTEGER NOT NULL,
    number INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    topic TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    is_text BOOLEAN NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (page, number, cache_id, topic)
);

CREATE TABLE webhook_queue (
    webhook_id INTEGER NOT NULL,
    page INTEGER NOT NULL,
    number INTEGER NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    dead_at INTEGER,
    reason TEXT,
    PRIMARY KEY (webhook_id, page, number)
) WITHOUT ROWID;
CREATE INDEX webhook_queue_by_message ON webhook_queue (page, number);
CREATE INDEX messages_that_wait ON webhook_queue (webhook_id, page, number) WHERE dead_at IS NULL;

CREATE TABLE webhook_deliveries (
    webhook_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    message TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    status INTEGER,
    error TEXT NOT NULL,
    milliseconds INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, id)
) WITHOUT ROWID;
