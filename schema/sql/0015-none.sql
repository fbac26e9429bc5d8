-- 0015: counts that came down to nothing.  Whoever asks which categories were counted in a span need not look at the counts of all.
CREATE INDEX tally_none ON tally(span, area) WHERE n <= 0;
