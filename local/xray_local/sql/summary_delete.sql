DELETE FROM summaries WHERE trace = ?;
