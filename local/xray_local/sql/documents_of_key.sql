-- As documents_of_trace, for the deriver, which has the key.
SELECT text FROM documents WHERE trace = ? ORDER BY seq;
