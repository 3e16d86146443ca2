-- One batch of documents of a trace arrives. The key comes back for the documents.
INSERT INTO traces (trace_id, first_received, last_received) VALUES (:trace_id, :received, :received)
ON CONFLICT (trace_id) DO UPDATE SET
    last_received = max(last_received, excluded.last_received),
    version = version + 1
RETURNING key;
