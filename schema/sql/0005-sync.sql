-- 0005: what a phone asks for: the cases that somebody has or reported.
CREATE INDEX casus_holder ON casus(holder) WHERE state IN (3, 4);
CREATE INDEX casus_reporter ON casus(reporter) WHERE state IN (1, 2, 3, 4, 5, 8);
