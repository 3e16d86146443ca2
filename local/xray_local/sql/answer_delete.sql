DELETE FROM answers WHERE trace = ?;
