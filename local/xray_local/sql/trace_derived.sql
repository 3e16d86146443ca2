-- Only if nothing came meanwhile; the trace stays due otherwise.
UPDATE traces SET derived = :version WHERE key = :key AND version = :version;
