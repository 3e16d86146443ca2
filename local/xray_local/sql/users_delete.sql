DELETE FROM users WHERE trace = ?;
