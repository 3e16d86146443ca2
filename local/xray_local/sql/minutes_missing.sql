-- Full minutes that nobody has added up yet, the newest first.
SELECT minute, version, graph FROM minutes WHERE graph IS NULL AND minute < ? ORDER BY minute DESC LIMIT ?;
