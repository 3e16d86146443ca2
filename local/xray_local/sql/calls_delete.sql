DELETE FROM calls WHERE trace = ?;
