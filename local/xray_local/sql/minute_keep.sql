UPDATE minutes SET graph = :graph WHERE minute = :minute AND version = :version;
