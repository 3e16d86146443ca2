"""Tests of xray-local."""
