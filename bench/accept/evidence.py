"""The evidence of a run: figures as JSON, a page for people, and the README's sentence about it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench import charts, pages
from bench.accept.clone import Clone
from bench.accept.steps import Record
from local.program import ROOT, full_key

FOLDER: Final = ROOT / "evidence"
SCHEMA: Final = 1
NONE_YET: Final = (
    "No run on a real AWS account is on record yet; `make accept STACK=dev` makes one on yours "
    "([docs/accept.md](docs/accept.md))."
)
"""The README's sentence while there is no evidence."""


def gather(
    clone: Clone,
    records: Sequence[Record],
    *,
    stack: str,
    region: str,
    machine: dict[str, Any],
    versions: dict[str, str],
    prices_date: str | None,
) -> dict[str, Any]:
    """Return the evidence as JSON takes it.

    Args:
        clone: what was deployed.
        records: each step.
        stack: the stack that the clone stands for.
        region: of the clone.
        machine: ``bench.machine.facts()``, as a dict.
        versions: of Pulumi, its provider and boto3.
        prices_date: date of the price file; None if the region has none.
    """
    prefix = full_key("")
    ours = {k.removeprefix(prefix): v for k, v in clone.config.items() if k.startswith(prefix)}
    known = [record.usd for record in records if record.usd is not None]
    return {
        "schema": SCHEMA,
        "stack": stack,
        "clone": clone.name,
        "region": region,
        "aws": "embedded" if clone.is_embedded else "amazon",
        "settings": ours,
        "left_out": list(clone.left_out),
        "commit": machine["commit"] or "unknown",
        "date": machine["date"],
        "machine": machine,
        "versions": versions,
        "prices_date": prices_date,
        "seconds": round(sum(record.seconds for record in records), 1),
        "usd": sum(known) if known else None,
        "steps": [asdict(record) for record in records],
    }


def write(folder: Path, found: dict[str, Any], account: str) -> Path:
    """Write the JSON and the page beside it; return the JSON's path.

    Args:
        folder: where; made if missing.
        found: what ``gather`` returned.
        account: the AWS account's number, which is replaced wherever it stands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False).replace(account, "ACCOUNT") + "\n"
    path = folder / f"{found['date'][:10]}-{found['region']}.json"
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".html").write_text(page(json.loads(text)), encoding="utf-8")
    return path


def page(found: dict[str, Any]) -> str:
    """Return the evidence as a page without scripts or anything from elsewhere."""
    steps = {step["name"]: step for step in found["steps"]}
    rows = [
        (step["name"], step["state"], f"{step['seconds']:.1f}", _usd(step["usd"]), step["detail"])
        for step in found["steps"]
    ]
    seconds = {
        name: steps[name]["figures"]["seconds"]
        for name in ("uploads", "storm")
        if "seconds" in steps.get(name, {}).get("figures", {})
    }
    when = f"{found['date'][:10]} in {found['region']}, at commit {found['commit']}"
    took = f"in {found['seconds']:.0f} s; its uploads cost {_usd(found['usd'])}"
    verdict = [f"{found['stack']} was accepted on {when}, {took}."]
    if found["aws"] == "embedded":
        verdict.append("This was the embedded AWS: it proves the command, and nothing about AWS.")
    times = charts.strips(seconds, x="", y="Seconds from the first byte sent to the manifest")
    return pages.render(
        "accept/page.html",
        title=f"Acceptance of {found['stack']}",
        verdict=verdict,
        head=("step", "state", "s", "USD", "what was seen"),
        rows=rows,
        charts=[times] if times else [],
        difference_head=("photo", "rendition", "bytes here", "bytes there", "mean", "largest"),
        differences=_differences(steps),
        how=_how(found),
    )


def sentence(folder: Path = FOLDER) -> str:
    """Return what the README has to say of the newest evidence of Amazon's AWS in a folder."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["aws"] == "amazon":
            report = f"{folder.name}/{path.stem}.html"
            return (
                f"`make accept` last proved it on a real AWS account on {found['date'][:10]} in "
                f"{found['region']}, at commit {found['commit']}: [evidence]({report})."
            )
    return NONE_YET


def _differences(steps: dict[str, Any]) -> list[list[str]]:
    figures = steps.get("uploads", {}).get("figures", {})
    found: list[dict[str, Any]] = figures.get("differences", [])
    return [[str(value) for value in difference.values()] for difference in found]


def _how(found: dict[str, Any]) -> str:
    left_out = ", ".join(found["left_out"]) or "nothing"
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    machine = found["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    prices = found["prices_date"] or "none for this region"
    return (
        f"Stack {found['clone']}, a copy of {found['stack']} without protection; left out of it: "
        f"{left_out}.\nSettings: {json.dumps(found['settings'])}\n{versions}\n"
        f"Rendered for comparison on {machine['cpu']}, Python {machine['python']}, {libraries}\n"
        f"Prices of {prices}, before any free tier: Lambda, SQS and S3 requests of the uploads. "
        "Not in them: cold starts, transfer, logs, storage for minutes, and Pulumi's own requests."
    )


def _usd(value: float | None) -> str:
    return "-" if value is None else f"${value:.5f}"
