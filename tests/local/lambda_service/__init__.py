"""Tests of the Lambda service."""
