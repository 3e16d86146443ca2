"""Tests of the example applications and the demo."""
