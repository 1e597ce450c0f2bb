-- The authenticator apps of users, and the codes for those who have lost theirs.

CREATE TABLE second_factors (
    user_id INTEGER NOT NULL,
    secret TEXT NOT NULL,
    last_step INTEGER DEFAULT 0 NOT NULL,
    confirmed_at INTEGER,
    PRIMARY KEY (user_id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE recovery_codes (
    hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (hash),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX recovery_codes_of_a_user ON recovery_codes (user_id);
