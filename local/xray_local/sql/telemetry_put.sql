INSERT INTO telemetry (received, body) VALUES (?, ?);
