-- 0001: the town's memory.
-- Instants: ms since 1970 UTC.  Days: days since 1970-01-01 (+08:00).  Degrees: x 10^7, WGS 84.
-- commit: number of a durable change, 1, 2, 3 ... without holes, in commit order.
-- rev: number of a transaction (batch).  What changes without a commit number (presence, queues) carries its rev.
-- Registry rows: since <= commit < until are the commit numbers between which the row held; until NULL = holds.

CREATE TABLE meta(
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID; -- db: the database's id (new after a restore); made: instant

CREATE TABLE batch(
	rev  INTEGER PRIMARY KEY,
	last INTEGER NOT NULL,   -- the highest commit number when it ended
	time INTEGER NOT NULL    -- commit time; never goes back
) STRICT;
CREATE INDEX batch_last ON batch(last);

-- ---------------------------------------------------------------- events
-- One app installation of one device.  absent: what lies below top and did not come,
-- "lo-hi" missing, "lo-hi!" a hole (the device can no longer send it), separated by spaces.
CREATE TABLE stream(
	id      INTEGER PRIMARY KEY,
	device  TEXT NOT NULL,
	epoch   TEXT NOT NULL,
	top     INTEGER NOT NULL,
	absent  TEXT NOT NULL,
	last    INTEGER NOT NULL,  -- commit of its newest event, 0 = none: head of the chain event.prev
	chunk_n INTEGER NOT NULL,  -- the open chunk: events since the last closed one
	chunk_lo INTEGER NOT NULL, -- and their lowest and highest seq
	chunk_hi INTEGER NOT NULL,
	answers INTEGER NOT NULL,  -- rows it has in answer and conflict
	UNIQUE(device, epoch)
) STRICT;

CREATE TABLE event(
	"commit" INTEGER PRIMARY KEY,
	stream  INTEGER NOT NULL,
	seq     INTEGER NOT NULL,
	prev    INTEGER NOT NULL,  -- commit - commit of the stream's event before it (in arrival), 0 = first
	kind    INTEGER NOT NULL,  -- core/event.h
	at      INTEGER NOT NULL,  -- event time: at + off
	recv    INTEGER NOT NULL,
	person  TEXT,              -- who acted, as judged
	scope   TEXT,              -- area or reach code, as judged
	area    TEXT,              -- area code that it counts for: as judged, not moved by a ref
	subject INTEGER NOT NULL,  -- patrol.id or casus.id, 0 = none
	link    INTEGER NOT NULL,  -- commit of the subject's event before it, 0 = first
	flags   INTEGER NOT NULL,  -- 1 imported, 2 voided
	raw     TEXT NOT NULL      -- the bytes as they came
) STRICT;

-- Directory of a stream's closed chunks: to find an old event without an index over all of them.
CREATE TABLE chunk(
	stream INTEGER NOT NULL,
	last   INTEGER NOT NULL,   -- commit of its newest event: walk event.prev from here, n steps
	n      INTEGER NOT NULL,
	lo     INTEGER NOT NULL,
	hi     INTEGER NOT NULL,
	PRIMARY KEY(stream, last)
) STRICT, WITHOUT ROWID;

-- What was answered otherwise than stored, to answer a repeat alike.
CREATE TABLE answer(
	stream INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	status TEXT NOT NULL,      -- held, rejected
	code   TEXT NOT NULL,
	detail TEXT NOT NULL,
	PRIMARY KEY(stream, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE held(
	id     INTEGER PRIMARY KEY,
	stream INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	code   TEXT NOT NULL,
	detail TEXT NOT NULL,
	waits  TEXT NOT NULL,      -- "event device/epoch/seq", "case ID", "time", "registry"
	due    INTEGER,            -- waits for the clock: judged again then
	recv   INTEGER NOT NULL,
	rev    INTEGER NOT NULL,   -- batch that kept it
	flags  INTEGER NOT NULL,
	raw    TEXT NOT NULL
) STRICT;
CREATE INDEX held_waits ON held(waits);
CREATE INDEX held_stream ON held(stream, seq);
CREATE INDEX held_due ON held(due) WHERE due IS NOT NULL;

-- Can never be applied.  What has no readable identity has epoch NULL.
CREATE TABLE reject(
	id       INTEGER PRIMARY KEY,
	recv     INTEGER NOT NULL,
	device   TEXT NOT NULL,    -- as the topic said
	district TEXT NOT NULL,
	epoch    TEXT,
	seq      INTEGER,
	code     TEXT NOT NULL,
	detail   TEXT NOT NULL,
	raw      BLOB NOT NULL
) STRICT;
CREATE INDEX reject_identity ON reject(device, epoch, seq);

-- The same identity with other content; the first counts.
CREATE TABLE conflict(
	id     INTEGER PRIMARY KEY,
	stream INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	recv   INTEGER NOT NULL,
	raw    TEXT NOT NULL
) STRICT;
CREATE INDEX conflict_stream ON conflict(stream, seq);

-- ---------------------------------------------------------------- what follows from events
-- A patrol, folded from its events; the same whatever the order they came in.
CREATE TABLE patrol(
	id      INTEGER PRIMARY KEY,
	device  TEXT NOT NULL,
	name    TEXT NOT NULL,     -- the device's id of it
	last    INTEGER NOT NULL,  -- commit of its newest event: chain event.link
	-- the start that counts: lowest (event time, epoch, seq) of those not voided; NULL = none
	start_at INTEGER, start_epoch TEXT, start_seq INTEGER,
	person  TEXT,              -- for whom it counts
	actor   TEXT,              -- who walked
	route   TEXT, target TEXT,
	end_at  INTEGER, end_epoch TEXT, end_seq INTEGER, clear INTEGER,
	tracks  INTEGER NOT NULL,  -- track events not voided
	-- what it adds to the tallies
	t_day   INTEGER, t_area TEXT, t_level TEXT, t_route TEXT, t_river_level TEXT, -- t_day NULL: nothing; t_river_level NULL: no river patrol
	"commit" INTEGER NOT NULL, -- of its last change
	UNIQUE(device, name)
) STRICT;

CREATE TABLE casus(
	id      INTEGER PRIMARY KEY,
	name    TEXT NOT NULL UNIQUE, -- case id
	last    INTEGER NOT NULL,     -- chain event.link
	report  INTEGER,              -- commit of the report that counts: lowest (event time, device, epoch, seq)
	report_at INTEGER, report_device TEXT, report_epoch TEXT, report_seq INTEGER,
	"commit" INTEGER NOT NULL
) STRICT;

CREATE TABLE voided(
	device TEXT NOT NULL,
	epoch  TEXT NOT NULL,
	seq    INTEGER NOT NULL,
	by     INTEGER NOT NULL,   -- commit of the void event
	PRIMARY KEY(device, epoch, seq)
) STRICT, WITHOUT ROWID;

-- Counts, kept by the transaction that changes them.  span: yyyymmdd, yyyymm or yyyy.
-- figure: patrols (level, category = route), river_patrols (level), events (category = kind;
-- patrol.* kinds without area, since patrols have figures of their own).
CREATE TABLE tally(
	figure   TEXT NOT NULL,
	level    TEXT NOT NULL,    -- district town community grid, '' = none
	category TEXT NOT NULL,
	area     TEXT NOT NULL,    -- area code, '' = unknown place
	span     INTEGER NOT NULL,
	n        INTEGER NOT NULL,
	"commit" INTEGER NOT NULL, -- of the last change
	PRIMARY KEY(figure, area, level, category, span)
) STRICT, WITHOUT ROWID;
CREATE INDEX tally_commit ON tally("commit");

CREATE TABLE device_state(
	device  TEXT PRIMARY KEY,
	online  INTEGER NOT NULL,
	seen    INTEGER NOT NULL,  -- instant, platform clock
	queue   INTEGER,           -- events that it says wait on it
	missing INTEGER NOT NULL,  -- seqs asked for again, over all epochs
	holes   INTEGER NOT NULL,  -- seqs lost for ever
	battery INTEGER,
	lat_e7  INTEGER, lon_e7 INTEGER, loc_at INTEGER,
	skew_ms INTEGER,           -- platform clock - its clock, from its last hello
	rev     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_state_rev ON device_state(rev);

-- ---------------------------------------------------------------- registry
CREATE TABLE area(
	code TEXT NOT NULL, name TEXT NOT NULL, valid_from INTEGER, valid_to INTEGER,
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(code, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE reach(
	code TEXT NOT NULL, name TEXT NOT NULL, river TEXT NOT NULL, kind TEXT NOT NULL,
	area TEXT NOT NULL, length_m INTEGER,
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(code, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE person(
	id TEXT NOT NULL, name TEXT NOT NULL, phone TEXT NOT NULL,
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(id, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE appointment(
	person TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL,
	valid_from INTEGER NOT NULL, -- -2147483648 = open
	level TEXT NOT NULL, valid_to INTEGER,
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(person, role, scope, valid_from, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE category(
	class TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, name_en TEXT NOT NULL,
	parent TEXT NOT NULL, severity INTEGER, deadline INTEGER, deadline_unit TEXT NOT NULL,
	photo_before INTEGER NOT NULL, photo_after INTEGER NOT NULL, valid_from INTEGER, valid_to INTEGER,
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(class, code, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE shape(
	code TEXT NOT NULL, geojson TEXT NOT NULL, -- the geometry, as GeoJSON
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(code, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE device(
	id TEXT NOT NULL, person TEXT NOT NULL, district TEXT NOT NULL,
	secret TEXT NOT NULL,      -- $7$101$salt$hash: mosquitto's own form (PBKDF2-SHA512)
	revoked INTEGER,           -- instant
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(id, since)
) STRICT, WITHOUT ROWID;

-- Further people who may act on a device, beside its own.
CREATE TABLE enrolment(
	device TEXT NOT NULL, person TEXT NOT NULL,
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(device, person, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE account(
	name TEXT NOT NULL, person TEXT NOT NULL, role TEXT NOT NULL,
	scope TEXT NOT NULL,       -- area code; '*' = everything
	hash TEXT NOT NULL,        -- libsodium argon2id
	disabled INTEGER,          -- instant
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(name, since)
) STRICT, WITHOUT ROWID;

-- One row for each durable change that is not an event: imports, accounts.
CREATE TABLE change(
	"commit" INTEGER PRIMARY KEY,
	time   INTEGER NOT NULL,
	what   TEXT NOT NULL,      -- "import areas", "device add d-0001", "release d-1/e/5"
	rows   INTEGER NOT NULL
) STRICT;
