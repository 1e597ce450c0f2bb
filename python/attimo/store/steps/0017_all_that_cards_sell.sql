-- The ledger has commands, operations, ECPU and stored data; of what was before, nothing is known of these.

ALTER TABLE usage_minutes RENAME TO usage_minutes_before;
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
    evicted INTEGER NOT NULL,
    more_kib_in INTEGER NOT NULL,
    more_kib_out INTEGER NOT NULL,
    more_commands INTEGER NOT NULL,
    more_operations INTEGER NOT NULL,
    more_ecpu_thousandths INTEGER NOT NULL,
    kib_in INTEGER AS (requests + more_kib_in),
    kib_out INTEGER AS (hits + more_kib_out),
    commands INTEGER AS (requests + more_commands),
    operations INTEGER AS (requests + hits + more_kib_in + more_kib_out + more_operations),
    ecpu_thousandths INTEGER AS (1000 * requests + more_ecpu_thousandths),
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;
INSERT INTO usage_minutes (
    account_id, at, series_id, requests, errors, hits, misses, bytes_in, bytes_out, evicted,
    more_kib_in, more_kib_out, more_commands, more_operations, more_ecpu_thousandths
)
SELECT account_id, at, series_id, requests, errors, hits, misses, bytes_in, bytes_out, evicted,
    kib_in - requests, kib_out - hits, -requests, -kib_in - kib_out, -1000 * requests
FROM usage_minutes_before ORDER BY account_id, at, series_id;
DROP TABLE usage_minutes_before;

ALTER TABLE usage_hours RENAME TO usage_hours_before;
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
    evicted INTEGER NOT NULL,
    more_kib_in INTEGER NOT NULL,
    more_kib_out INTEGER NOT NULL,
    more_commands INTEGER NOT NULL,
    more_operations INTEGER NOT NULL,
    more_ecpu_thousandths INTEGER NOT NULL,
    kib_in INTEGER AS (requests + more_kib_in),
    kib_out INTEGER AS (hits + more_kib_out),
    commands INTEGER AS (requests + more_commands),
    operations INTEGER AS (requests + hits + more_kib_in + more_kib_out + more_operations),
    ecpu_thousandths INTEGER AS (1000 * requests + more_ecpu_thousandths),
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;
INSERT INTO usage_hours (
    account_id, at, series_id, requests, errors, hits, misses, bytes_in, bytes_out, evicted,
    more_kib_in, more_kib_out, more_commands, more_operations, more_ecpu_thousandths
)
SELECT account_id, at, series_id, requests, errors, hits, misses, bytes_in, bytes_out, evicted,
    kib_in - requests, kib_out - hits, -requests, -kib_in - kib_out, -1000 * requests
FROM usage_hours_before ORDER BY account_id, at, series_id;
DROP TABLE usage_hours_before;

ALTER TABLE usage_days RENAME TO usage_days_before;
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
    evicted INTEGER NOT NULL,
    more_kib_in INTEGER NOT NULL,
    more_kib_out INTEGER NOT NULL,
    more_commands INTEGER NOT NULL,
    more_operations INTEGER NOT NULL,
    more_ecpu_thousandths INTEGER NOT NULL,
    kib_in INTEGER AS (requests + more_kib_in),
    kib_out INTEGER AS (hits + more_kib_out),
    commands INTEGER AS (requests + more_commands),
    operations INTEGER AS (requests + hits + more_kib_in + more_kib_out + more_operations),
    ecpu_thousandths INTEGER AS (1000 * requests + more_ecpu_thousandths),
    PRIMARY KEY (account_id, at, series_id)
) WITHOUT ROWID;
INSERT INTO usage_days (
    account_id, at, series_id, requests, errors, hits, misses, bytes_in, bytes_out, evicted,
    more_kib_in, more_kib_out, more_commands, more_operations, more_ecpu_thousandths
)
SELECT account_id, at, series_id, requests, errors, hits, misses, bytes_in, bytes_out, evicted,
    kib_in - requests, kib_out - hits, -requests, -kib_in - kib_out, -1000 * requests
FROM usage_days_before ORDER BY account_id, at, series_id;
DROP TABLE usage_days_before;

CREATE TABLE usage_stored (
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    with_overhead INTEGER NOT NULL,
    h00 INTEGER DEFAULT 0 NOT NULL,
    h01 INTEGER DEFAULT 0 NOT NULL,
    h02 INTEGER DEFAULT 0 NOT NULL,
    h03 INTEGER DEFAULT 0 NOT NULL,
    h04 INTEGER DEFAULT 0 NOT NULL,
    h05 INTEGER DEFAULT 0 NOT NULL,
    h06 INTEGER DEFAULT 0 NOT NULL,
    h07 INTEGER DEFAULT 0 NOT NULL,
    h08 INTEGER DEFAULT 0 NOT NULL,
    h09 INTEGER DEFAULT 0 NOT NULL,
    h10 INTEGER DEFAULT 0 NOT NULL,
    h11 INTEGER DEFAULT 0 NOT NULL,
    h12 INTEGER DEFAULT 0 NOT NULL,
    h13 INTEGER DEFAULT 0 NOT NULL,
    h14 INTEGER DEFAULT 0 NOT NULL,
    h15 INTEGER DEFAULT 0 NOT NULL,
    h16 INTEGER DEFAULT 0 NOT NULL,
    h17 INTEGER DEFAULT 0 NOT NULL,
    h18 INTEGER DEFAULT 0 NOT NULL,
    h19 INTEGER DEFAULT 0 NOT NULL,
    h20 INTEGER DEFAULT 0 NOT NULL,
    h21 INTEGER DEFAULT 0 NOT NULL,
    h22 INTEGER DEFAULT 0 NOT NULL,
    h23 INTEGER DEFAULT 0 NOT NULL,
    whole INTEGER AS (
        h00 + h01 + h02 + h03 + h04 + h05 + h06 + h07 + h08 + h09 + h10 + h11
        + h12 + h13 + h14 + h15 + h16 + h17 + h18 + h19 + h20 + h21 + h22 + h23
    ),
    PRIMARY KEY (account_id, at, series_id, with_overhead)
) WITHOUT ROWID;

ALTER TABLE usage_late RENAME TO usage_late_before;
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
    commands INTEGER NOT NULL,
    operations INTEGER NOT NULL,
    ecpu_thousandths INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    stored_byte_minutes INTEGER NOT NULL,
    stored_byte_minutes_with_overhead INTEGER NOT NULL,
    PRIMARY KEY (account_id, booked_in, meant_for)
) WITHOUT ROWID;
INSERT INTO usage_late
SELECT account_id, booked_in, meant_for, requests, errors, hits, misses, bytes_in, bytes_out,
    kib_in, kib_out, 0, 0, 0, evicted, 0, 0
FROM usage_late_before;
DROP TABLE usage_late_before;

ALTER TABLE usage_kept RENAME TO usage_kept_before;
CREATE TABLE usage_kept (
    id INTEGER NOT NULL CONSTRAINT one_row CHECK (id = 1),
    minutes_since INTEGER NOT NULL,
    hours_since INTEGER NOT NULL,
    seen_at INTEGER NOT NULL DEFAULT 0,
    all_counts_since INTEGER NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO usage_kept
SELECT id, minutes_since, hours_since, seen_at, CASE
    WHEN EXISTS (SELECT 1 FROM usage_days) THEN CAST(strftime('%s', 'now') AS INTEGER) ELSE 0
END
FROM usage_kept_before;
DROP TABLE usage_kept_before;
