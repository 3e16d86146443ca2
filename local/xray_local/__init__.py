"""X-Ray on the desk: daemon, store, query API and terminal in one process."""

__version__ = "0.1.0"
