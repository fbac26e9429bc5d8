-- 0004: figures that are kept for ever: closed months, their corrections, households, the records behind counts.
-- Conventions as in 0001.
-- tally.figure also: visited (category = household: visits of it), works (level = unit, category = item; thousandths),
-- works_approx (level = unit, category = item: records said to be approximate), and of the cases by the day of their
-- closing, or of their deadline, what schema/dossier.c says (*_flow, cases_due*).  duty_met, duty_overdue (level; day =
-- the last of the period owed) stand here for frozen months only; of other days they are computed.

-- A month whose books are closed.  From then on the tallies of its days do not move: what comes later is added to
-- `correction` instead, so that every figure, list and chart that reads tallies shows the frozen values.
CREATE TABLE freeze(
	month   INTEGER PRIMARY KEY,  -- yyyymm
	"commit" INTEGER NOT NULL,    -- its own number: its figures are as of it
	time    INTEGER NOT NULL,     -- of that commit
	program TEXT NOT NULL,        -- version of the program
	defined TEXT NOT NULL,        -- JSON object: id of a figure -> its definition, as it was
	rows    BLOB NOT NULL,        -- the rows of `figures` for everything, as JSON (deflate)
	bytes   INTEGER NOT NULL,     -- of that JSON
	hash    TEXT NOT NULL         -- SHA-256 of that JSON, hexadecimal
) STRICT;

-- What came after the freeze: the difference to the kept tally.
CREATE TABLE correction(
	figure TEXT NOT NULL, level TEXT NOT NULL, category TEXT NOT NULL, area TEXT NOT NULL,
	day    INTEGER NOT NULL,      -- yyyymmdd
	n      INTEGER NOT NULL,
	"commit" INTEGER NOT NULL,    -- of the last change
	PRIMARY KEY(day, figure, area, level, category)
) STRICT, WITHOUT ROWID;

-- What was said of monitored households: the latest by (at, device, epoch, seq) counts.
CREATE TABLE household(
	name   TEXT NOT NULL,
	at     INTEGER NOT NULL, device TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
	state  TEXT NOT NULL,         -- identified helped risk_removed relapsed
	type   TEXT NOT NULL,         -- '' = not said
	persons INTEGER,              -- NULL = not said
	area   TEXT NOT NULL,
	"commit" INTEGER NOT NULL,
	voided INTEGER,               -- commit of the void
	PRIMARY KEY(name, at, device, epoch, seq)
) STRICT, WITHOUT ROWID;

-- The few events that are records of their own: inspect, visit, work, household.  A query names the same kinds.
CREATE INDEX event_record ON event(kind, at) WHERE kind IN (5, 6, 7, 8);
-- What a scope adds up to in a span: (span, area) of a row never changes, so counting does not touch it.
CREATE INDEX tally_place ON tally(span, area);
-- By time of closing, and of the deadline.
CREATE INDEX casus_closed ON casus(closed_at) WHERE closed_at IS NOT NULL;

INSERT OR REPLACE INTO meta(key, value) SELECT 'refold', '1' WHERE EXISTS (SELECT 1 FROM event);
