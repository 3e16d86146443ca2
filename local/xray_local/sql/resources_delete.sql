DELETE FROM resources WHERE trace = ?;
