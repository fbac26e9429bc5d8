-- 0003: patrols judged, cases folded, duties watched, alerts.
-- Conventions as in 0001.  What the clock changes (alerts, duties) carries the rev of its batch.
-- tally.figure also: river_patrols_valid (level), patrol_m and patrol_s (category = route; metres, seconds; without level).
-- meta.refold = '1': patrols and cases must be folded again from their events (a database of an older program).

-- ---------------------------------------------------------------- patrols: substitutes, measures, verdict
ALTER TABLE patrol ADD COLUMN sub_at INTEGER;     -- the substitute that counts: lowest (event time, epoch, seq)
ALTER TABLE patrol ADD COLUMN sub_epoch TEXT;
ALTER TABLE patrol ADD COLUMN sub_seq INTEGER;
ALTER TABLE patrol ADD COLUMN sub_person TEXT;
ALTER TABLE patrol ADD COLUMN sub_way TEXT;       -- drone meeting onsite paper
ALTER TABLE patrol ADD COLUMN sub_target TEXT;
ALTER TABLE patrol ADD COLUMN track BLOB;         -- running state of the track (core/track.h); NULL: of an older program
ALTER TABLE patrol ADD COLUMN points INTEGER NOT NULL DEFAULT 0;  -- kept, of those that came
ALTER TABLE patrol ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0; -- inaccurate points and jumps
ALTER TABLE patrol ADD COLUMN duration_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patrol ADD COLUMN distance_m INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patrol ADD COLUMN coverage INTEGER;   -- thousandths of the reach; NULL: it has no line
ALTER TABLE patrol ADD COLUMN reasons INTEGER NOT NULL DEFAULT 0; -- bits of core/track.h; 0 = valid
ALTER TABLE patrol ADD COLUMN rule TEXT;          -- duty rule that it was judged by; NULL: none
ALTER TABLE patrol ADD COLUMN t_valid INTEGER;    -- it stands among the valid in the tallies
CREATE INDEX patrol_person ON patrol(person, start_at) WHERE start_at IS NOT NULL;
CREATE INDEX patrol_sub ON patrol(sub_person, sub_at) WHERE sub_at IS NOT NULL;
CREATE INDEX patrol_start ON patrol(start_at) WHERE start_at IS NOT NULL;

-- ---------------------------------------------------------------- cases, folded (core/casus.h)
ALTER TABLE casus ADD COLUMN class TEXT;
ALTER TABLE casus ADD COLUMN category TEXT;
ALTER TABLE casus ADD COLUMN severity INTEGER;
ALTER TABLE casus ADD COLUMN title TEXT;
ALTER TABLE casus ADD COLUMN scope TEXT;          -- area or reach code
ALTER TABLE casus ADD COLUMN area TEXT;           -- area code
ALTER TABLE casus ADD COLUMN lat_e7 INTEGER;      -- of the report
ALTER TABLE casus ADD COLUMN lon_e7 INTEGER;
ALTER TABLE casus ADD COLUMN reporter TEXT;
ALTER TABLE casus ADD COLUMN ref TEXT;            -- the reporter's patrol during which it was seen
ALTER TABLE casus ADD COLUMN issuer TEXT;
ALTER TABLE casus ADD COLUMN state INTEGER NOT NULL DEFAULT 0;   -- enum casus_state
ALTER TABLE casus ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE casus ADD COLUMN level TEXT;          -- who holds it: grid community town district
ALTER TABLE casus ADD COLUMN holder TEXT;         -- to whom it was sent
ALTER TABLE casus ADD COLUMN handler TEXT;        -- who handled it last
ALTER TABLE casus ADD COLUMN accepted_at INTEGER;
ALTER TABLE casus ADD COLUMN dispatched_at INTEGER;
ALTER TABLE casus ADD COLUMN handled_at INTEGER;
ALTER TABLE casus ADD COLUMN closed_at INTEGER;
ALTER TABLE casus ADD COLUMN due INTEGER;         -- NULL: no deadline, or it is suspended
ALTER TABLE casus ADD COLUMN due_provisional INTEGER NOT NULL DEFAULT 0;
ALTER TABLE casus ADD COLUMN on_time INTEGER;     -- at the handle that counts: 1, 0; NULL: not handled, or no deadline
ALTER TABLE casus ADD COLUMN self_fixed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE casus ADD COLUMN result INTEGER NOT NULL DEFAULT 0;
ALTER TABLE casus ADD COLUMN rating INTEGER NOT NULL DEFAULT 0;
ALTER TABLE casus ADD COLUMN counts TEXT NOT NULL DEFAULT ''; -- "returns escalations extensions urges reopens reworks"
ALTER TABLE casus ADD COLUMN share TEXT;          -- what it adds to the tallies now (schema/cases.c); NULL: nothing
CREATE INDEX casus_commit ON casus("commit");
CREATE INDEX casus_report ON casus(report_at) WHERE report_at IS NOT NULL;
CREATE INDEX casus_due ON casus(due) WHERE due IS NOT NULL AND state IN (2, 3, 4);
CREATE INDEX casus_open ON casus(id) WHERE state IN (1, 2, 3, 4, 5, 8);
ALTER TABLE casus ADD COLUMN next INTEGER;        -- instant of its next alert (due soon, overdue); NULL: none to come
CREATE INDEX casus_next ON casus(next) WHERE next IS NOT NULL;
CREATE INDEX casus_ref ON casus(report_device, ref) WHERE ref IS NOT NULL;

-- Reports without a place of their own, seen during a patrol: its target says where the case is.
CREATE TABLE case_ref(
	device TEXT NOT NULL, patrol TEXT NOT NULL,
	casus  TEXT NOT NULL,         -- case id
	PRIMARY KEY(device, patrol, casus)
) STRICT, WITHOUT ROWID;

-- What is held, told.  folded: it stands among the acts of its case, and only the others and the registry hold it back.
ALTER TABLE held ADD COLUMN kind INTEGER;         -- core/event.h; NULL: held by an older program
ALTER TABLE held ADD COLUMN at INTEGER;           -- event time
ALTER TABLE held ADD COLUMN casus TEXT;           -- case id
ALTER TABLE held ADD COLUMN person TEXT;          -- as judged, when folded; so is area
ALTER TABLE held ADD COLUMN area TEXT;
ALTER TABLE held ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX held_casus ON held(casus) WHERE folded = 1;
CREATE INDEX event_sos ON event(person, at) WHERE kind = 11;

-- Acts that were in force when they were stored, and are not any more, since an earlier event came (event.flags 4).
CREATE TABLE displaced(
	"commit" INTEGER PRIMARY KEY, -- the event
	subject  INTEGER NOT NULL,    -- casus.id
	code     TEXT NOT NULL,       -- waits_for illegal_transition not_allowed
	detail   TEXT NOT NULL,
	by       INTEGER NOT NULL,    -- commit of the change that displaced it
	rev      INTEGER NOT NULL
) STRICT;
CREATE INDEX displaced_subject ON displaced(subject);

-- All that is stored and not in force.  since: batch that kept it, or displaced it.
CREATE VIEW held_all AS
SELECT s.device AS device, s.epoch AS epoch, h.seq AS seq, h.casus AS casus, h.kind AS kind, h.at AS at, h.person AS person,
	h.area AS area, h.code AS code, h.detail AS detail, h.waits AS waits, h.recv AS recv, h.rev AS since, 0 AS displaced,
	h.id AS held, NULL AS event
FROM held h JOIN stream s ON s.id = h.stream
UNION ALL
SELECT s.device, s.epoch, e.seq, c.name, e.kind, e.at, e.person, e.area, d.code, d.detail, '', e.recv, d.rev, 1, NULL, e."commit"
FROM displaced d JOIN event e ON e."commit" = d."commit" JOIN stream s ON s.id = e.stream JOIN casus c ON c.id = d.subject;

-- Answers to officers' acts, for 24 hours: the same key gets the same answer.
CREATE TABLE act_key(
	user   TEXT NOT NULL,
	key    TEXT NOT NULL,
	at     INTEGER NOT NULL,
	asked  TEXT NOT NULL,         -- hash of what was asked: another question under the same key is refused
	status INTEGER NOT NULL,
	answer TEXT NOT NULL,
	PRIMARY KEY(user, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX act_key_at ON act_key(at);

-- ---------------------------------------------------------------- duties (core/duty.h)
-- The current period of each duty and, when it was missed, since when.
CREATE TABLE duty_state(
	person TEXT NOT NULL, rule TEXT NOT NULL, target TEXT NOT NULL, -- target '' = any
	level  TEXT NOT NULL, role TEXT NOT NULL,
	area   TEXT NOT NULL,         -- area code that it counts for
	first  INTEGER NOT NULL,      -- active days of the current period, both inclusive
	last   INTEGER NOT NULL,
	need   INTEGER NOT NULL,
	done   INTEGER NOT NULL,
	unit   TEXT NOT NULL,         -- times days
	state  INTEGER NOT NULL,      -- enum duty_state
	overdue INTEGER,              -- instant since when; NULL: not overdue
	next   INTEGER,               -- instant at which the clock alone changes it
	rev    INTEGER NOT NULL,
	gone   INTEGER NOT NULL,      -- 1: owed no longer
	PRIMARY KEY(person, rule, target, level, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX duty_state_rev ON duty_state(rev);
CREATE INDEX duty_state_next ON duty_state(next) WHERE next IS NOT NULL;
CREATE INDEX duty_state_overdue ON duty_state(overdue) WHERE overdue IS NOT NULL AND gone = 0;

-- ---------------------------------------------------------------- tallies: of a day, whatever the place
-- What changed lately in a span, and what stands in it; instead of an index on commits alone, which cost as much and gave less.
DROP INDEX tally_commit;
CREATE INDEX tally_span ON tally(span, "commit");

-- ---------------------------------------------------------------- alerts
-- Unique for (type, subject).  active x acknowledged; a cleared one that rises again is the same row.
CREATE TABLE alert(
	id       TEXT PRIMARY KEY,    -- "type:subject"
	type     TEXT NOT NULL,
	subject  TEXT NOT NULL,
	severity INTEGER NOT NULL,    -- 1 red .. 4 blue
	casus    TEXT,                -- case id
	person   TEXT,
	title    TEXT NOT NULL,
	scope    TEXT, area TEXT,
	lat_e7   INTEGER, lon_e7 INTEGER,
	at       INTEGER NOT NULL,    -- when it happened
	raised   INTEGER NOT NULL,    -- when the platform knew
	late     INTEGER NOT NULL,    -- 1: it came more than 10 minutes after it happened
	active   INTEGER NOT NULL,
	cleared  INTEGER,
	acked_by TEXT,                -- person, or user
	acked_at INTEGER,
	told     TEXT NOT NULL,       -- the highest role told: centre leader district
	next     INTEGER,             -- when the next role is told; NULL: never
	"commit" INTEGER NOT NULL,    -- highest commit number when it changed
	rev      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_rev ON alert(rev);
CREATE INDEX alert_active ON alert(type, subject) WHERE active = 1;
CREATE INDEX alert_next ON alert(next) WHERE next IS NOT NULL;

-- ---------------------------------------------------------------- the watch over devices
ALTER TABLE device_state ADD COLUMN missing_since INTEGER; -- since when something is missing; NULL: nothing is
ALTER TABLE device_state ADD COLUMN holes_at INTEGER;      -- when it last gave numbers up
CREATE INDEX held_recv ON held(recv, stream);

INSERT INTO meta(key, value) SELECT 'refold', '1' WHERE EXISTS (SELECT 1 FROM event);
