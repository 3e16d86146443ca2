SELECT minute, version, graph FROM minutes WHERE minute >= ? AND minute < ? ORDER BY minute;
