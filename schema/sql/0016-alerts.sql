-- 0016: alerts of a day, those that are over too, are listed by when they happened (schema/books_alerts.h).
CREATE INDEX alert_at ON alert(at);
