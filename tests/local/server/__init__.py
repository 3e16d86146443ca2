"""Daemon, OTLP, API, forwarding."""
