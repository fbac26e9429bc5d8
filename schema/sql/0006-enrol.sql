-- 0006: codes that let a phone in: shown once as a link or a QR picture, good once, kept as hashes.
CREATE TABLE enrol_code(
	hash     TEXT PRIMARY KEY,       -- BLAKE2b-256 of the token, hex
	device   TEXT NOT NULL, person TEXT NOT NULL, district TEXT NOT NULL,
	maker    TEXT NOT NULL,          -- account; '' = the command
	db       TEXT NOT NULL,          -- the database's id then: after a restore no old code opens anything
	made     INTEGER NOT NULL, expires INTEGER NOT NULL, -- instants
	ended    INTEGER,                -- instant
	how      TEXT                    -- used, replaced, revoked
) STRICT, WITHOUT ROWID;
CREATE INDEX enrol_device ON enrol_code(device);
CREATE INDEX enrol_expires ON enrol_code(expires);
