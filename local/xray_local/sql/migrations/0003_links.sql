-- Version 3: links between traces (mirrors.py), where their receivers told of them.
--
-- One row per sender and receiver. What a store of version 2 holds needs no rows: Lambda is the only one to send such
-- documents, and its part for the desk came later; an export of X-Ray's has both ends already.
CREATE TABLE links (
    trace    INTEGER NOT NULL REFERENCES traces (key) ON DELETE CASCADE,    -- the receiver's
    receiver TEXT NOT NULL,
    -- By its id and not by its key: the sender's trace may come later, or go and come again.
    trace_id TEXT NOT NULL,
    sender   TEXT NOT NULL,
    link     TEXT NOT NULL,    -- as the sender's trace shows it, JSON
    UNIQUE (trace, receiver, trace_id, sender)
);
CREATE INDEX links_trace_id ON links (trace_id);
