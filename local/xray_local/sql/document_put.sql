-- REPLACE, so that a document sent again counts as the newest: the order of seq is the order of arrival.
INSERT OR REPLACE INTO documents (trace, id, in_progress, received, source, text) VALUES (?, ?, ?, ?, ?, ?);
