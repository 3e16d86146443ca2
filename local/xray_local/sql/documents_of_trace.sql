-- In the order of arrival: that is what "late" and "overwritten" mean to the compiler.
SELECT documents.text FROM documents JOIN traces ON traces.key = documents.trace
WHERE traces.trace_id = ? ORDER BY documents.seq;
