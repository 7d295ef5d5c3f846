"""The largest image that each Lambda memory size accepts."""
