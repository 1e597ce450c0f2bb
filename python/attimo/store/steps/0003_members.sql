-- Users, members, invitations, sessions and forgotten passwords.

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (email)
);

CREATE TABLE members (
    account_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role_id TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, user_id),
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_members_user_id ON members (user_id);

CREATE TABLE invitations (
    id TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    email TEXT NOT NULL,
    role_id TEXT NOT NULL,
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    UNIQUE (hash)
);
CREATE INDEX ix_invitations_account_id ON invitations (account_id);

CREATE TABLE sessions (
    hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    csrf_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE TABLE password_resets (
    hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_password_resets_user_id ON password_resets (user_id);
