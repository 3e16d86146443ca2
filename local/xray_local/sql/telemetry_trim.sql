-- As rejected_trim.
DELETE FROM telemetry WHERE seq <= (SELECT max(seq) FROM telemetry) - ?;
