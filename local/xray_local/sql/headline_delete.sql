DELETE FROM headlines WHERE trace = ?;
