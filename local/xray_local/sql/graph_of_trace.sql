-- What one trace adds to the graph; nothing if documents came that are not in it yet.
SELECT answers.graph FROM traces JOIN answers ON answers.trace = traces.key
WHERE traces.trace_id = ? AND traces.derived = traces.version;
