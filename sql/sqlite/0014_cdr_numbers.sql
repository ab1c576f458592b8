-- Where the numbers of call records go on. SQLite gives the number of the last row again once that row was
-- removed, and who reads events from a cursor on would take the new record for one that he has seen.

CREATE TABLE cdr_removed (
    one     INTEGER PRIMARY KEY CHECK (one = 0),
    last_id INTEGER NOT NULL -- the highest one that there was when records were removed
) STRICT;
INSERT INTO cdr_removed VALUES (0, 0);
