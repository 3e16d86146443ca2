INSERT INTO calls (
    trace, source_name, source_type, source_account, target_name, target_type, target_account, caller, callee,
    start_time, response_time, error, throttle, fault, in_progress, link, inferred
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
