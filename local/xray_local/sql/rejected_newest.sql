SELECT received, source, reason, text FROM rejected ORDER BY seq DESC LIMIT ?;
