-- Which minute of the graph the trace counted in until now.
SELECT start_time FROM headlines WHERE trace = ?;
