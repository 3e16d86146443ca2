-- Newest first: who looks while a long import is being compiled sees what happens now.
SELECT key, trace_id, version FROM traces WHERE derived < version ORDER BY last_received DESC LIMIT ?;
