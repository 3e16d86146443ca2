INSERT INTO minutes (minute, version) VALUES (?, 1) ON CONFLICT (minute) DO UPDATE SET version = version + 1, graph = NULL;
