"""The evidence of a run: figures as JSON, a page for people, and the README's sentence about it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Final, Literal

from bench import charts, pages
from bench.accept import storm, uploads
from bench.accept.clone import Clone
from bench.accept.steps import Outcome, dollars
from bench.machine import Machine
from local.program import ROOT, full_key

FOLDER: Final = ROOT / "evidence"
NONE_YET: Final = (
    "No run on a real AWS account is on record yet; `make accept STACK=dev` makes one on yours "
    "([docs/accept.md](docs/accept.md))."
)
"""The README's sentence while there is no evidence."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A run in which every step passed."""

    schema: int = 2
    stack: str  # the one that was proved, e.g. dev
    clone: str  # the copy of it that was deployed
    region: str
    aws: Literal["amazon", "embedded"]
    settings: dict[str, object]  # the clone's, without the project's name before the keys
    left_out: list[str]  # settings of the stack that the clone lacks
    commit: str
    date: str  # start of the run, ISO 8601 in UTC
    machine: Machine  # that drove the run and rendered for comparison
    versions: dict[str, str]  # of Pulumi, its provider and boto3
    prices_date: str | None  # None if the region has no price file
    seconds: float
    usd: float | None
    steps: list[Outcome]


def gather(
    clone: Clone,
    outcomes: Sequence[Outcome],
    *,
    region: str,
    machine: Machine,
    versions: dict[str, str],
    prices_date: str | None,
) -> Evidence:
    """Return the evidence of a run over a clone; arguments are fields of the same name."""
    prefix = full_key("")
    ours = {k.removeprefix(prefix): v for k, v in clone.config.items() if k.startswith(prefix)}
    known = [step.usd for step in outcomes if step.usd is not None]
    return Evidence(
        stack=clone.stack,
        clone=clone.name,
        region=region,
        aws="embedded" if clone.is_embedded else "amazon",
        settings=ours,
        left_out=list(clone.left_out),
        commit=machine.commit or "unknown",
        date=machine.date,
        machine=machine,
        versions=versions,
        prices_date=prices_date,
        seconds=round(sum(step.seconds for step in outcomes), 1),
        usd=sum(known) if known else None,
        steps=list(outcomes),
    )


def write(folder: Path, found: Evidence, account: str) -> Path:
    """Write JSON and a page without the account's number, and return the path of the JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    # With the time of day, two runs of one day have their own files, e.g. 2026-11-26T100000.
    start = found.date[:19].replace(":", "")
    path = folder / f"{start}-{found.region}.json"
    for suffix, text in (
        (".json", json.dumps(asdict(found), indent=1) + "\n"),
        (".html", page(found)),
    ):
        path.with_suffix(suffix).write_text(text.replace(account, "ACCOUNT"), encoding="utf-8")
    return path


def page(found: Evidence) -> str:
    """Return the evidence as a page without scripts or anything from elsewhere."""
    rows = [
        (step.name, step.state, f"{step.seconds:.1f}", dollars(step.usd), step.detail)
        for step in found.steps
    ]
    figures = {step.name: step.figures for step in found.steps}
    seconds = {
        name: measured.seconds
        for name, measured in figures.items()
        if isinstance(measured, uploads.Figures | storm.Figures)
    }
    compared = [found for found in figures.values() if isinstance(found, uploads.Figures)]
    when = f"{found.date[:10]} in {found.region}, at commit {found.commit}"
    took = f"in {found.seconds:.0f} s; its uploads cost {dollars(found.usd)}"
    verdict = [f"{found.stack} was accepted on {when}, {took}."]
    if found.aws == "embedded":
        verdict.append("This was the embedded AWS: it proves the command, and nothing about AWS.")
    times = charts.strips(seconds, x="", y="Seconds from the first byte sent to the manifest")
    return pages.render(
        "accept/page.html",
        title=f"Acceptance of {found.stack}",
        verdict=verdict,
        head=("step", "state", "s", "USD", "result"),
        rows=rows,
        charts=[times] if times else [],
        difference_head=("photo", "rendition", "bytes here", "bytes there", "mean", "largest"),
        differences=[astuple(one) for measured in compared for one in measured.differences],
        how=_how(found),
    )


def sentence(folder: Path = FOLDER) -> str:
    """Return the README's sentence about the newest evidence of Amazon's AWS in a folder."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["aws"] == "amazon":
            report = f"{folder.name}/{path.stem}.html"
            return (
                f"`make accept` last proved it on a real AWS account on {found['date'][:10]} in "
                f"{found['region']}, at commit {found['commit']}: [evidence]({report})."
            )
    return NONE_YET


def _how(found: Evidence) -> str:
    left_out = ", ".join(found.left_out) or "nothing"
    versions, libraries = (
        ", ".join(f"{name} {version}" for name, version in named.items())
        for named in (found.versions, found.machine.libraries)
    )
    return (
        f"Stack {found.clone}, a copy of {found.stack} without protection; left out of it: "
        f"{left_out}.\nSettings: {json.dumps(found.settings)}\n{versions}\n"
        f"Rendered for comparison on {found.machine.cpu}, Python {found.machine.python}, "
        f"{libraries}\nPrices of {found.prices_date or 'none for this region'}, before any free "
        "tier: Lambda, SQS and S3 requests of the uploads. Not in them: cold starts, transfer, "
        "logs, storage for minutes, and Pulumi's own requests."
    )
