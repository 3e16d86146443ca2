SELECT graph FROM minutes WHERE minute = ?;
