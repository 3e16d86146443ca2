-- What other traces tell of the messages of this one, in an order that does not tell who told first.
SELECT sender, link FROM links WHERE trace_id = ? ORDER BY sender, link;
