SELECT traces.key, headlines.start_time FROM traces LEFT JOIN headlines ON headlines.trace = traces.key
WHERE traces.last_received < ? ORDER BY traces.last_received LIMIT ?;
