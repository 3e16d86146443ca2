DELETE FROM visits WHERE trace = ?;
