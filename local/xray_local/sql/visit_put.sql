INSERT INTO visits (
    trace, id, parent_id, name, type, account, inferred, start_time, response_time, error, throttle, fault, in_progress, entered
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
