-- What changed since a reader looked last, in the order of change.
SELECT serial, trace_id, api FROM summaries WHERE serial > ? ORDER BY serial LIMIT ?;
