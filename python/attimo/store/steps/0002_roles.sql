-- Roles, what keys have of them, refresh tokens, URL keys and the audit trail.
-- Every key that there is may do everything, as before.

ALTER TABLE api_keys ADD COLUMN role_id TEXT DEFAULT 'owner' NOT NULL;
ALTER TABLE api_keys ADD COLUMN hash BLOB;
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;

CREATE TABLE refresh_tokens (
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    valid_for_seconds INTEGER NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY(key_id) REFERENCES api_keys (id)
);

CREATE TABLE url_keys (
    kid TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (kid),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX url_keys_of_an_account ON url_keys (account_id, kid);

CREATE TABLE roles (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('custom', 'key')),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_roles_revision ON roles (revision);
CREATE UNIQUE INDEX one_role_of_a_name ON roles (account_id, name) WHERE deleted_at IS NULL;

CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    peer TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX audit_of_an_account ON audit (account_id, id);
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
