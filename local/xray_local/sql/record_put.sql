INSERT INTO records (kind, name, body, created, modified) VALUES (:kind, :name, :body, :at, :at)
ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body, modified = excluded.modified;
