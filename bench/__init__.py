"""Measures the function: engines side by side, memory, latency and cost."""
