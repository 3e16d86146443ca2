-- The time of the row that stands so many behind the beginning of a page; nothing where the range is shorter.
SELECT s.{time}
FROM headlines AS s
WHERE s.{time} <= ? AND s.{time} >= ? AND (s.{time}, s.trace) < (?, ?)
ORDER BY s.{time} DESC, s.trace DESC
LIMIT 1 OFFSET ?;
