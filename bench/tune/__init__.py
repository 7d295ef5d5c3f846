"""Which memory size: latency, memory and cost at each, in the sandbox or on a deployed function."""
