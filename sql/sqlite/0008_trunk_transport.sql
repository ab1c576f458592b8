-- How requests go to a trunk's peer (udp, tcp, tls, or as DNS says), and of which domain a client
-- that connects for it over TLS must show a certificate; empty: of none.

ALTER TABLE trunk ADD COLUMN transport     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN client_domain TEXT    NOT NULL DEFAULT '';
