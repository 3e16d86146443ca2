"""Tests of the tools: packing, publishing, the Makefile, the template."""
