INSERT INTO resources (trace, kind, value) VALUES (?, ?, ?);
