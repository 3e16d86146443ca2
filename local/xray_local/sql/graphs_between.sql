-- The contributions of single traces, where a minute is not asked for as a whole.
SELECT graph FROM summaries WHERE start_time >= ? AND start_time < ?;
