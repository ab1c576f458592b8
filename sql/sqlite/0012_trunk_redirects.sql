-- Whether a redirection to an address of the trunk's own is followed.

ALTER TABLE trunk ADD COLUMN follows_redirects INTEGER NOT NULL DEFAULT 0;
