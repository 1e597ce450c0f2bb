-- Accounts, caches, API keys, signing keys, the directory's counters and the ledger.

CREATE TABLE IF NOT EXISTS alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE directory (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    revision INTEGER NOT NULL,
    last_namespace INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO directory (id, revision, last_namespace) VALUES (1, 0, 0);

CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE caches (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    namespace INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision INTEGER NOT NULL,
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    UNIQUE (namespace)
);
CREATE INDEX ix_caches_revision ON caches (revision);
CREATE UNIQUE INDEX one_cache_of_a_name ON caches (account_id, name) WHERE deleted_at IS NULL;

CREATE TABLE signing_keys (
    kid TEXT NOT NULL,
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (kid)
);
CREATE INDEX ix_signing_keys_revision ON signing_keys (revision);

CREATE TABLE api_keys (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    description TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_api_keys_revision ON api_keys (revision);
CREATE INDEX api_keys_of_an_account ON api_keys (account_id, id);

CREATE TABLE batches (
    node TEXT NOT NULL,
    number INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (node, number)
) WITHOUT ROWID;

CREATE TABLE usage (
    minute INTEGER NOT NULL,
    cache_id INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    api TEXT NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    PRIMARY KEY (minute, cache_id, key_id, api)
) WITHOUT ROWID;
