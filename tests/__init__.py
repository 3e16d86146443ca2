"""Tests of xray-instrument. `tests.kit` is the part that others may use: the demo and the benchmarks do."""
