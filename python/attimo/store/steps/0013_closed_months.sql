-- Months are closed, and what arrives later is booked in the open one.

CREATE TABLE usage_closed (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    open_since INTEGER NOT NULL,
    next_month INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO usage_closed (id, open_since, next_month, seen_at) VALUES (1, -62135596800, -62135596800, 0);

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
