"""``python -m bench maintain evidence``: whether measured memory sizes still hold."""

from bench.tune.evidence import ROOT, examine
from terminal import console


def evidence() -> None:
    """Print a line for each stack that cites evidence; stale evidence is advice, not a failure."""
    for settings in sorted(ROOT.glob("Pulumi.*.yaml")):
        finding = examine(settings)
        if finding:
            console().print(finding, soft_wrap=True)
