SELECT graph FROM summaries WHERE trace = ?;
