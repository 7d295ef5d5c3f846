"""Each resource type of the program, created in the embedded AWS through boto3.

A creator takes the resource's inputs and returns its physical id and its outputs. Creating what
exists already updates it, so that ``up`` can be repeated.
"""

from local.resources.registry import CREATORS, Context, Created, create

__all__ = ["CREATORS", "Context", "Created", "create"]
