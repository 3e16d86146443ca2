-- The contributions of the traces that an expression leaves over; {filter} as in summaries_page.
SELECT s.trace, s.trace_id, s.graph FROM summaries AS s WHERE s.start_time >= ? AND s.start_time < ? AND ({filter});
