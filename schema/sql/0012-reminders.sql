-- 0012: reminders of overdue duties: who reminded whom of what, and when; nothing else follows from them.
CREATE TABLE reminder(
	"commit" INTEGER PRIMARY KEY, -- its number, as in change
	at     INTEGER NOT NULL,      -- instant
	person TEXT NOT NULL, rule TEXT NOT NULL, target TEXT NOT NULL,
	since  INTEGER NOT NULL,      -- since when the duty was overdue then: reminders of one lapse are counted together
	account TEXT NOT NULL,        -- who reminded
	sender TEXT NOT NULL          -- the person of that account
) STRICT;
CREATE INDEX reminder_duty ON reminder(person, rule, target, at);
