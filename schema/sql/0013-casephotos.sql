-- 0013: the photos of a case, for the phone of who has it.
CREATE INDEX attachment_casus ON attachment(casus, recv) WHERE casus IS NOT NULL;
