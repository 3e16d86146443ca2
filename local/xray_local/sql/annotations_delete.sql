DELETE FROM annotations WHERE trace = ?;
