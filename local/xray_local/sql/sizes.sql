-- Each of these is one walk over the smallest index there is.
SELECT
    (SELECT count(*) FROM traces) AS traces,
    (SELECT count(*) FROM documents) AS documents,
    (SELECT count(*) FROM rejected) AS rejected,
    (SELECT count(*) FROM traces WHERE derived < version) AS pending,
    (SELECT min(first_received) FROM traces) AS oldest,
    (SELECT max(last_received) FROM traces) AS newest;
