"""``pytest bench``: benchmarks with pytest-benchmark, and the regression gate (docs/tune.md)."""
