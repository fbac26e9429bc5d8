-- 0010: corrections keep their history: what a frozen month is corrected by as of a commit is the sum up to it.
DROP TABLE correction; -- nothing has written it yet
CREATE TABLE correction(
	figure TEXT NOT NULL, level TEXT NOT NULL, category TEXT NOT NULL, area TEXT NOT NULL,
	day    INTEGER NOT NULL,      -- yyyymmdd, of a frozen month
	"commit" INTEGER NOT NULL,    -- that moved it
	n      INTEGER NOT NULL,      -- by how much
	PRIMARY KEY(day, figure, area, level, category, "commit")
) STRICT, WITHOUT ROWID;
