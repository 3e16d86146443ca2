SELECT s.api FROM summaries AS s WHERE s.trace_id = ?;
