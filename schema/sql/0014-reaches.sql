-- 0014: what was done on a reach, and what was reported there: the river chiefs' office reads by reach (schema/waters.h).
-- A reach code holds a letter, an area code does not: grids, which are most of both tables, cost nothing here.
CREATE INDEX patrol_reach ON patrol(target, start_at) WHERE start_at IS NOT NULL AND target GLOB '*[^0-9]*';
CREATE INDEX casus_reach ON casus(scope, id) WHERE scope GLOB '*[^0-9]*';
