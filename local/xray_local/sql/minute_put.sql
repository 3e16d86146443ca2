-- The version rises with the graph: who adds the minute up at the same time must not keep what lacks these traces.
INSERT INTO minutes (minute, version, graph) VALUES (:minute, 1, :graph)
ON CONFLICT (minute) DO UPDATE SET version = version + 1, graph = excluded.graph;
