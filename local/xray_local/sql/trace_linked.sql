-- The sender's trace shows the link, if it is here already.
UPDATE traces SET version = version + 1 WHERE trace_id = ?;
