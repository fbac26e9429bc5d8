-- 0007: whose phone is it: for the hint that something of a person changed.
CREATE INDEX device_person ON device(person) WHERE until IS NULL;
CREATE INDEX enrolment_person ON enrolment(person) WHERE until IS NULL;
