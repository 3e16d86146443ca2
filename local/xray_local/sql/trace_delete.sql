-- Documents and everything derived go with it (ON DELETE CASCADE).
DELETE FROM traces WHERE key = ?;
