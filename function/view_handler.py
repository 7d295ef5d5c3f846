"""Lambda's entry point for lazy renditions, which readers ask for through the CDN."""

from function import cold_start

handle = cold_start.start_views().handle
