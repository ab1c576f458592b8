-- Some carriers stumble over what they could pass over: session timers (RFC 4028) and the offer to
-- acknowledge provisional answers (RFC 3262).

ALTER TABLE trunk ADD COLUMN session_timer INTEGER NOT NULL DEFAULT 1;
ALTER TABLE trunk ADD COLUMN prack         INTEGER NOT NULL DEFAULT 1;
