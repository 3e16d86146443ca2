INSERT OR REPLACE INTO answers (trace, api, graph) VALUES (:trace, :api, :graph);
