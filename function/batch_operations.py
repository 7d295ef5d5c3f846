"""Lambda's entry point for uploads that S3 Batch Operations names."""

from function import cold_start
from function.tasks import TaskHandler

handle = TaskHandler(uploads=cold_start.start()).handle
