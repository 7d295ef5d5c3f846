"""The result of a sweep on AWS, as ``--json`` writes it."""

from dataclasses import dataclass

from bench.sweep.results import Result


@dataclass(frozen=True, kw_only=True)
class DeployedFunction:
    """The function whose clone was measured on AWS."""

    name: str
    architecture: str
    code: str
    runtime: str
    endpoint: str
    clone: str


@dataclass(frozen=True, kw_only=True)
class AwsResult(Result):
    """A sweep of a deployed function's clone; ``clean`` is False if something of it was left."""

    clean: bool
    function: DeployedFunction
