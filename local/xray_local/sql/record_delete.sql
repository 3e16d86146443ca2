DELETE FROM records WHERE kind = ? AND name = ?;
