BEGIN TRANSACTION;
CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
, suspended_at INTEGER, deleted_at INTEGER, revision INTEGER DEFAULT '0' NOT NULL);
INSERT INTO "accounts" VALUES(1,'Ann''s',1700000000,NULL,NULL,0);
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0013');
CREATE TABLE api_keys (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    description TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    revision INTEGER NOT NULL, role_id TEXT DEFAULT 'owner' NOT NULL, hash BLOB, last_used_at INTEGER, made_by_user_id INTEGER, made_by_key_id TEXT, is_hidden BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "api_keys" VALUES('key',1,'of old',1700000000,NULL,NULL,1,'custom',X'0303030303030303030303030303030303030303030303030303030303030303',NULL,1,NULL,0);
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
INSERT INTO "audit" VALUES(1,1,1700000001,'system','','cache.create','kept','{}');
CREATE TABLE batches (
    node TEXT NOT NULL,
    number INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (node, number)
)
 WITHOUT ROWID
;
INSERT INTO "batches" VALUES('node',1,1700000040);
CREATE TABLE caches (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    namespace INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision INTEGER NOT NULL, expires_at INTEGER,
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    UNIQUE (namespace)
);
INSERT INTO "caches" VALUES(1,1,'kept',1,1700000001,NULL,2,NULL);
CREATE TABLE directory (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    revision INTEGER NOT NULL,
    last_namespace INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO "directory" VALUES(1,3,1);
CREATE TABLE invitations (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    email TEXT NOT NULL,
    role_id TEXT NOT NULL,
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, made_by_user_id INTEGER, made_by_key_id TEXT, founds_account BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    UNIQUE (hash)
);
INSERT INTO "invitations" VALUES('invited',1,'bob@example.com','viewer',X'0606060606060606060606060606060606060606060606060606060606060606',1700000000,4000000000,NULL,NULL,0);
CREATE TABLE members (
    account_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role_id TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, user_id),
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "members" VALUES(1,1,'owner',1700000000);
CREATE TABLE password_resets (
    hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "password_resets" VALUES(X'0808080808080808080808080808080808080808080808080808080808080808',1,4000000000);
CREATE TABLE refresh_tokens (
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    valid_for_seconds INTEGER NOT NULL, ends_at INTEGER,
    PRIMARY KEY (hash),
    FOREIGN KEY(key_id) REFERENCES api_keys (id)
);
INSERT INTO "refresh_tokens" VALUES(X'0404040404040404040404040404040404040404040404040404040404040404','key',60,NULL);
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
INSERT INTO "roles" VALUES('custom',1,'custom','Reader','','{"statement": []}',1700000000,NULL,1);
CREATE TABLE sessions (
    hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    csrf_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, revision INTEGER DEFAULT '0' NOT NULL, ended_at INTEGER,
    PRIMARY KEY (hash),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "sessions" VALUES(X'0707070707070707070707070707070707070707070707070707070707070707',1,1,'t',1700000000,4000000000,2,NULL);
CREATE TABLE signing_keys (
    kid TEXT NOT NULL,
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    revision INTEGER NOT NULL,
    PRIMARY KEY (kid)
);
INSERT INTO "signing_keys" VALUES('signs',X'0101010101010101010101010101010101010101010101010101010101010101',X'0202020202020202020202020202020202020202020202020202020202020202',1700000000,NULL,1);
CREATE TABLE url_keys (
    kid TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER, made_by_user_id INTEGER, made_by_key_id TEXT, revision INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (kid),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "url_keys" VALUES('url',1,X'0505050505050505050505050505050505050505050505050505050505050505',1700000000,4000000000,NULL,NULL,NULL,3);
CREATE TABLE usage_closed (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    open_since INTEGER NOT NULL,
    next_month INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO "usage_closed" VALUES(1,-62135596800,-62135596800,0);
CREATE TABLE usage_days (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;
INSERT INTO "usage_days" VALUES(1,1699920000,1,7,1,4,2,70,400,7,7,5);
CREATE TABLE usage_hours (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;
INSERT INTO "usage_hours" VALUES(1,1699999200,1,7,1,4,2,70,400,7,7,5);
CREATE TABLE usage_kept (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    minutes_since INTEGER NOT NULL,
    hours_since INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO "usage_kept" VALUES(1,0,0);
CREATE TABLE usage_late (
    account_id INTEGER NOT NULL,
    booked_in INTEGER NOT NULL,
    meant_for INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    PRIMARY KEY (account_id, booked_in, meant_for)
) WITHOUT ROWID;
CREATE TABLE usage_minutes (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    kib_in INTEGER NOT NULL,
    kib_out INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;
INSERT INTO "usage_minutes" VALUES(1,1700000040,1,7,1,4,2,70,400,7,7,5);
CREATE TABLE usage_series (
    id INTEGER NOT NULL PRIMARY KEY,
    cache_id INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    api TEXT NOT NULL,
    account_id INTEGER NOT NULL
);
INSERT INTO "usage_series" VALUES(1,1,'key','Get',1);
CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (email)
);
INSERT INTO "users" VALUES(1,'ann@example.com','none',1700000000);
CREATE INDEX ix_caches_revision ON caches (revision);
CREATE UNIQUE INDEX one_cache_of_a_name ON caches (account_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ix_signing_keys_revision ON signing_keys (revision);
CREATE INDEX ix_api_keys_revision ON api_keys (revision);
CREATE INDEX api_keys_of_an_account ON api_keys (account_id, id);
CREATE INDEX url_keys_of_an_account ON url_keys (account_id, kid);
CREATE INDEX ix_roles_revision ON roles (revision);
CREATE UNIQUE INDEX one_role_of_a_name ON roles (account_id, name) WHERE deleted_at IS NULL;
CREATE INDEX audit_of_an_account ON audit (account_id, id);
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE INDEX ix_invitations_account_id ON invitations (account_id);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE INDEX ix_password_resets_user_id ON password_resets (user_id);
CREATE INDEX caches_that_end ON caches (expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX url_keys_by_revision ON url_keys (revision);
CREATE INDEX sessions_by_revision ON sessions (revision);
CREATE INDEX accounts_by_revision ON accounts (revision);
CREATE UNIQUE INDEX one_series_of_a_use ON usage_series (key_id, cache_id, api);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('accounts',1);
INSERT INTO "sqlite_sequence" VALUES('caches',1);
INSERT INTO "sqlite_sequence" VALUES('audit',1);
INSERT INTO "sqlite_sequence" VALUES('users',1);
COMMIT;
