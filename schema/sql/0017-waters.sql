-- 0017: patrols of reaches by time.  A list of them walks along these alone: among a year of grids they would be few and far between.
CREATE INDEX patrol_water ON patrol(start_at) WHERE start_at IS NOT NULL AND target GLOB '*[^0-9]*';
