"""Tests of the core: documents, compiled traces, summaries, the service graph."""
