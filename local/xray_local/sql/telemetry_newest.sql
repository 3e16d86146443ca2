SELECT received, body FROM telemetry ORDER BY seq DESC LIMIT ?;
