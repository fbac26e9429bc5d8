-- 0008: whom the last changes concerned: a phone that asks for what is new need not have all of it read again.
CREATE TABLE concerned(
	person TEXT PRIMARY KEY,
	rev    INTEGER NOT NULL -- of the last transaction that wrote a patrol, duty, case or answer of his
) STRICT, WITHOUT ROWID;
