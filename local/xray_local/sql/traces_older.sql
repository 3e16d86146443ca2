SELECT traces.key, summaries.start_time FROM traces LEFT JOIN summaries ON summaries.trace = traces.key
WHERE traces.last_received < ? ORDER BY traces.last_received LIMIT ?;
