-- What accounts transfer in a month is counted, against their plans; and budgets limit what it costs.

CREATE TABLE transfer_months (
    account_id INTEGER NOT NULL,
    month INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (account_id, month)
) WITHOUT ROWID;
INSERT INTO transfer_months (account_id, month, bytes)
SELECT account_id, CAST(strftime('%s', at, 'unixepoch', 'start of month') AS INTEGER) AS month,
    sum(bytes_in + bytes_out)
FROM usage_days GROUP BY account_id, month;

CREATE TABLE budgets (
    account_id INTEGER NOT NULL,
    card TEXT NOT NULL,
    amount TEXT NOT NULL,
    effects TEXT NOT NULL,
    throttle_bytes_per_second INTEGER,
    PRIMARY KEY (account_id)
) WITHOUT ROWID;

CREATE TABLE allowance_marks (
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('transfer', 'budget')),
    month INTEGER NOT NULL,
    percent INTEGER NOT NULL,
    used TEXT NOT NULL,
    allowed TEXT NOT NULL,
    is_told BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (account_id, kind, month, percent)
) WITHOUT ROWID;
CREATE INDEX marks_to_tell ON allowance_marks (account_id) WHERE NOT is_told;

CREATE TABLE holds (
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('transfer', 'budget')),
    month INTEGER NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('throttle', 'block')),
    bytes_per_second INTEGER,
    PRIMARY KEY (account_id, kind)
) WITHOUT ROWID;
