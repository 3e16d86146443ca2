-- One page, newest first. {time} is id_time, start_time or end_time; {filter} is TRUE or what filters.to_sql gave: an
-- expression over s and over subqueries of the derived tables by s.trace.
-- Parameters in order: end, start, time and key of the last row before, those of the filter, limit.
-- The row value continues a page where the last one ended, also when traces arrive in between.
SELECT s.trace, s.trace_id, s.{time} AS at, s.api
FROM summaries AS s
WHERE s.{time} <= ? AND s.{time} >= ? AND (s.{time}, s.trace) < (?, ?) AND ({filter})
ORDER BY s.{time} DESC, s.trace DESC
LIMIT ?;
