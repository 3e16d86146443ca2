-- The receiver may tell of it twice, in progress and complete.
INSERT INTO links (trace, receiver, trace_id, sender, link) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (trace, receiver, trace_id, sender) DO UPDATE SET link = excluded.link;
