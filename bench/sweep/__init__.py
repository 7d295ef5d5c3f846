"""Parts that all sweeps share: workloads, rows, the choice among them, and the report."""
