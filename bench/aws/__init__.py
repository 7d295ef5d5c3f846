"""A clone of a deployed function, measured: latency, memory and cost at each setup, on AWS."""
