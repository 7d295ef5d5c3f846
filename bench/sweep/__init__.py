"""What every sweep has: workloads, rows, the choice among them, and the report."""
