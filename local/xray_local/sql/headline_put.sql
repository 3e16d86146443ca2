INSERT OR REPLACE INTO headlines (
    trace, trace_id, id_time, start_time, end_time, duration, response_time, has_fault, has_error, has_throttle, is_partial,
    http_url, http_method, http_status, http_useragent, http_clientip, entry_name, entry_type, entry_account,
    revision, serial, has_inferred, has_fault_causes, has_error_causes, has_response_time_causes
) VALUES (
    :trace, :trace_id, :id_time, :start_time, :end_time, :duration, :response_time, :has_fault, :has_error, :has_throttle, :is_partial,
    :http_url, :http_method, :http_status, :http_useragent, :http_clientip, :entry_name, :entry_type, :entry_account,
    :revision, :serial, :has_inferred, :has_fault_causes, :has_error_causes, :has_response_time_causes
);
