-- A meter is sold from when the operator has begun to sell it.

CREATE TABLE sold_meters (
    meter TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (meter)
) WITHOUT ROWID;
INSERT INTO sold_meters (meter, since) SELECT DISTINCT meter, 0 FROM meter_events;
