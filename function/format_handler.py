"""Lambda's entry point for lazy formats, whose messages come through a separate queue."""

from function import cold_start

handle = cold_start.start_formats().handle
