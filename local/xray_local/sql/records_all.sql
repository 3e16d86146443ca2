SELECT name, body, created, modified FROM records WHERE kind = ? ORDER BY name;
