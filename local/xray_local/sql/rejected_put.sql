INSERT INTO rejected (received, source, reason, text) VALUES (?, ?, ?, ?);
