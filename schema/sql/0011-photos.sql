-- 0011: which events name which photos: who may see one, and which nobody names.  Held events are among them.
CREATE TABLE attachment(
	sha256 TEXT NOT NULL,      -- of the file, 64 hex digits
	stream INTEGER NOT NULL, seq INTEGER NOT NULL, -- the event
	casus  TEXT,               -- its case: who may see that, may see the photo
	area   TEXT,               -- else where it counts, as event.area; NULL: nowhere yet
	recv   INTEGER NOT NULL,   -- when it came
	PRIMARY KEY(sha256, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_stream ON attachment(stream, recv); -- what a phone's events name

INSERT OR IGNORE INTO attachment
	SELECT lower(json_extract(a.value, '$.sha256')), e.stream, e.seq,
		CASE WHEN e.kind IN (9, 10) THEN json_extract(e.raw, '$.body.case') END, CASE WHEN e.kind NOT IN (9, 10) THEN e.area END, e.recv
	FROM event e, json_each(CASE WHEN json_valid(e.raw) THEN e.raw END, '$.att') a WHERE instr(e.raw, 'sha256') OR instr(e.raw, '\u');
INSERT OR IGNORE INTO attachment
	SELECT lower(json_extract(a.value, '$.sha256')), h.stream, h.seq,
		CASE WHEN json_extract(h.raw, '$.kind') IN ('case.report', 'case.act') THEN json_extract(h.raw, '$.body.case') END,
		CASE WHEN json_extract(h.raw, '$.kind') NOT IN ('case.report', 'case.act') THEN h.area END, h.recv
	FROM held h, json_each(CASE WHEN json_valid(h.raw) THEN h.raw END, '$.att') a WHERE instr(h.raw, 'sha256') OR instr(h.raw, '\u');
