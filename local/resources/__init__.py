"""Each resource type of the program, in the embedded AWS through boto3.

A resource is put, read and deleted. Putting what exists already updates it, so that ``up`` can be
repeated.
"""

from local.resources.kind import Context, Created
from local.resources.registry import KINDS, create, delete, put, read

__all__ = ["KINDS", "Context", "Created", "create", "delete", "put", "read"]
