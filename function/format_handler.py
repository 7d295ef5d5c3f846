"""Lambda's entry point for lazy formats, for which messages come through a queue of their own."""

from function import cold_start

handle = cold_start.start_formats().handle
