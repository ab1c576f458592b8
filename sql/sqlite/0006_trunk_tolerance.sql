-- What a carrier may get wrong and be understood all the same: bits by enum trunk_tolerance.

ALTER TABLE trunk ADD COLUMN tolerates INTEGER NOT NULL DEFAULT 0;
