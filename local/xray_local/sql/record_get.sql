SELECT name, body, created, modified FROM records WHERE kind = ? AND name = ?;
