-- Links with which the owner of the machine signs in, and the key behind such a session.

CREATE TABLE sign_in_links (
    hash BLOB NOT NULL,
    account_id INTEGER NOT NULL,
    key_id TEXT,
    expires_at INTEGER NOT NULL,
    ends_at INTEGER,
    PRIMARY KEY (hash)
);
ALTER TABLE sessions ADD COLUMN made_by_key_id TEXT;
