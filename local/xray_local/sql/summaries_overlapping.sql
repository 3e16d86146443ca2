-- TimeRangeType Event: whatever ran within the range, newest start first. Parameters as in summaries_page.
SELECT s.trace, s.trace_id, s.start_time AS at, s.api
FROM summaries AS s
WHERE s.start_time <= ? AND s.end_time >= ? AND (s.start_time, s.trace) < (?, ?) AND ({filter})
ORDER BY s.start_time DESC, s.trace DESC
LIMIT ?;
