"""The code of a clone on each architecture: what is deployed, or what this tree builds."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.aws.deployed import Deployed
from pipeline.bundle import BundleError, Target, build
from pipeline.bundle.target import Machine


@dataclass(frozen=True, kw_only=True)
class Code:
    """Zips by architecture, why there is none for the others, and sentences for people."""

    zips: dict[Machine, bytes] = field(default_factory=dict[Machine, bytes])
    missing: dict[str, str] = field(default_factory=dict[str, str])
    words: list[str] = field(default_factory=list[str])


def collect(deployed: Deployed, architectures: Iterable[Machine]) -> Code:
    """Fetch the deployed zip for its own architecture, and build the others from this tree.

    Raises:
        Failure: the deployed zip cannot be fetched.
    """
    code = Code()
    for architecture in architectures:
        if architecture == deployed.architecture:
            code.zips[architecture] = deployed.code()
            continue
        try:
            if deployed.measured_on == "embedded AWS":  # which refuses to run it, whatever it is
                code.zips[architecture] = build(Target.host()).path.read_bytes()
                continue
            same = build(Target.for_lambda(deployed.runtime, deployed.architecture)).sha256_base64
            built = build(Target.for_lambda(deployed.runtime, architecture))
        except BundleError as error:
            code.missing[architecture] = str(error)
            continue
        code.zips[architecture] = built.path.read_bytes()
        code.words.extend([*built.warnings, _compare(deployed, architecture, same)])
    return code


def _compare(deployed: Deployed, architecture: str, digest: str) -> str:
    if digest == deployed.code_sha256:
        return (
            f"The code for {architecture} was built from this tree, whose {deployed.architecture} "
            "build is what is deployed."
        )
    return (
        f"CAUTION: the code for {architecture} was built from this tree, whose "
        f"{deployed.architecture} build is not what is deployed, so the two architectures may "
        "differ by more than themselves; deploy this tree first, or check out what is deployed."
    )
