INSERT INTO annotations (trace, key, text, number, truth) VALUES (?, ?, ?, ?, ?);
