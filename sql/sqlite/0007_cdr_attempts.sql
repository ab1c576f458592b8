-- What a leg that we dialled has tried: trunk, how that ended (enum cdr_attempt_end), status, transport and
-- address of each, separated by commas. No number is in it.

ALTER TABLE cdr ADD COLUMN attempts TEXT NOT NULL DEFAULT '';
