"""The function's real bundle under a Lambda memory size, without an account.

The bundle is unpacked and run by Lambda's own runtime interface client (``awslambdaric``) against
a Runtime API on this machine, in a control group that holds it to the memory's share of a vCPU.
"""

from bench.sandbox.environment import Report, Sandbox, unpacked

__all__ = ["Report", "Sandbox", "unpacked"]
