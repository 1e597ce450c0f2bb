-- Passkeys (WebAuthn), each of a user.

CREATE TABLE passkeys (
    id BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX passkeys_of_a_user ON passkeys (user_id);
