-- 0009: cases that went to another place.
-- Whoever looked at the place before and was away since cannot be told by rows alone that the case is his no more, least of
-- all when it was closed or opened again meanwhile: meta 'moved' is the commit of the last such change.
CREATE TRIGGER casus_moved AFTER UPDATE OF area ON casus
WHEN OLD.area IS NOT NEW.area AND OLD.area <> '' BEGIN
	INSERT INTO meta(key, value) VALUES('moved', NEW."commit")
	ON CONFLICT(key) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER));
END;
