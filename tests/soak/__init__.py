"""The soak test: ``make soak``, or ``python -m tests.soak --uploads 5000``."""
