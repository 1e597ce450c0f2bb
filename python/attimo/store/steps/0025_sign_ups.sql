-- Who has signed up and not confirmed the address yet.

CREATE TABLE sign_ups (
    hash BLOB NOT NULL,
    email TEXT NOT NULL,
    account_name TEXT,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (hash)
);
CREATE INDEX sign_ups_by_email ON sign_ups (email);
