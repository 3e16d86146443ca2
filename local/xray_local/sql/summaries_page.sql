-- One page, newest first. {time} is id_time, start_time or end_time; {filter} is TRUE or what filters.to_sql gave: an
-- expression over s and over subqueries of the derived tables by s.trace.
-- The row value continues a page where the last one ended, also when traces arrive in between.
SELECT s.trace, s.trace_id, s.{time} AS at, s.api
FROM summaries AS s
WHERE s.{time} <= :last AND s.{time} >= :first AND (s.{time}, s.trace) < (:before, :before_trace) AND ({filter})
ORDER BY s.{time} DESC, s.trace DESC
LIMIT :limit;
