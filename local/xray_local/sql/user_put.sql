INSERT INTO users (trace, name) VALUES (?, ?);
