"""Which memory size: latency, memory and cost at each, in the sandbox."""
