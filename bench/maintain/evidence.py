"""``python -m bench maintain evidence``: whether measured memory sizes still hold."""

from bench.tune.evidence import ROOT, examine
from terminal import console


def evidence() -> None:
    """Print a line for each stack that cites evidence; stale evidence is advice, not a failure."""
    findings = [found for path in sorted(ROOT.glob("Pulumi.*.yaml")) if (found := examine(path))]
    for finding in findings or ["No stack cites a measurement; `bench tune --apply` writes one."]:
        console().print(finding, soft_wrap=True)
