INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?);
