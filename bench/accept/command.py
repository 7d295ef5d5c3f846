"""``python -m bench accept --stack dev``: prove a stack on your own AWS account, with a clone."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import botocore.exceptions
from cyclopts import Group, Parameter
from cyclopts.types import PositiveInt

from bench import machine
from bench.accept import cleanup, cloud, evidence, steps
from bench.accept import clone as clones
from bench.accept.clone import Clone
from bench.accept.engine import Engine
from bench.accept.evidence import Evidence
from bench.accept.steps import Outcome
from bench.accept.trial import Trial
from bench.cost.prices import load, path_of
from local.program import ROOT
from terminal import FAILED, OK, Failure, console, one_of, progress

COUNT: Final = 100
_AWS_ERRORS: Final = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)
FAILURES: Final = (Failure, OSError, *_AWS_ERRORS)
"""Exceptions that a step may raise besides a failed check; the user sees their messages."""

_ELSEWHERE: Final = "AWS_ENDPOINT_URL"
"""Environment variables whose names begin so name another AWS (AWS SDKs and Tools reference guide,
"Service-specific endpoints"); the evidence would take it for Amazon's."""

_PACKAGES: Final = ("pulumi", "pulumi-aws", "boto3")
_WHAT: Final = Group("Stack", validator=one_of)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of ``accept``.

    Attributes:
        stack: Stack whose settings are tried, e.g. dev.
        clean: Remove this clone, which an earlier run left.
        uploads: Uploads that are compared.
        storm: Uploads at once.
        clean_up: After a failure or a signal: print how to remove the clone, or remove it.
        evidence: Folder of the evidence (default: evidence/; nowhere for the embedded AWS).
    """

    stack: Annotated[str | None, Parameter(group=_WHAT)] = None
    clean: Annotated[str | None, Parameter(group=_WHAT)] = None
    uploads: PositiveInt = COUNT
    storm: PositiveInt = COUNT
    clean_up: Literal["never", "always"] = "never"
    evidence: Path | None = None


_DEFAULTS: Final = Options()


def accept(*, options: Options = _DEFAULTS) -> int:
    """Prove a stack, or remove a clone."""
    clone = clones.find(options.clean) if options.clean else clones.copy(options.stack or "")
    engine = Engine(
        tree=ROOT,
        folder=ROOT,
        stack=clone.name,
        secrets_provider=clone.content.get("secretsprovider"),
    )
    try:
        account = _account(clone)
        if options.clean:
            return _clean(clone, engine)
        return _prove(clone, engine, options, account)
    except FAILURES as error:
        raise Failure(" ".join(str(error).split())) from error
    finally:
        engine.close()


def _prove(clone: Clone, engine: Engine, options: Options, account: str) -> int:
    facts, region, out = machine.facts(), cloud.region(clone), console()
    prices = load(region) if path_of(region).is_file() else None
    out.print(f"{clone.name} in {region}: a copy of {clone.stack}, which is not touched.")
    if prices is None:
        out.print(f"bench/cost/prices has no {region}, so that no costs are shown.")
    outcomes: list[Outcome] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(
                clone=clone,
                engine=engine,
                folder=Path(folder),
                count=options.uploads,
                storm=options.storm,
                prices=prices,
            )
            outcomes = steps.run(trial.steps(), _show, FAILURES)
    finally:
        if not outcomes or outcomes[-1].state not in steps.GOOD:
            _end(clone, engine, outcomes, clean_up=options.clean_up)
    if outcomes[-1].state not in steps.GOOD:
        return FAILED
    found = evidence.gather(
        clone,
        outcomes,
        region=region,
        machine=facts,
        versions=_versions(),
        prices_date=str(prices.date) if prices else None,
    )
    _write(found, options.evidence, account)
    return OK


def _show(outcome: Outcome) -> None:
    console().print(outcome.to_line(), markup=False, soft_wrap=True)


def _end(clone: Clone, engine: Engine, outcomes: list[Outcome], *, clean_up: str) -> None:
    """Say what is left of a clone, or remove it."""
    out = console(stderr=True)
    for step in outcomes:
        if step.state == "failed":
            out.print(f"error: {step.name} failed: {step.detail}", markup=False, soft_wrap=True)
    if clean_up == "never":
        _tell(clone, "is left as it is")
    if engine.is_busy:
        out.print("Stopping: Pulumi finishes what it has begun …")
    if clean_up == "never":
        engine.close()
    else:
        _clean(clone, engine)


def _tell(clone: Clone, state: str) -> None:
    """Print the command that removes a clone."""
    python = Path(sys.executable)
    shown = os.path.relpath(python) if python.is_relative_to(Path.cwd()) else python
    words = f"{clone.name} {state}. Remove it with:\n  {shown} -m bench accept --clean {clone.name}"
    console(stderr=True).print(words, markup=False, soft_wrap=True)


def _clean(clone: Clone, engine: Engine) -> int:
    """Remove a clone; if that fails or a signal stops it, say how to repeat it."""
    try:
        engine.close()  # a signal that came meanwhile, such as a second Ctrl-C, is raised by it
        with progress(f"Removing {clone.name}", None) as advance:
            found = cleanup.remove(clone, engine, advance)
            cleanup.check(clone)
    except BaseException:
        _tell(clone, "is not removed yet")
        raise
    state = f"{clone.name} is removed" if found else f"There is no stack {clone.name}"
    console().print(f"{state}; nothing of it is left.")
    return OK


def _write(found: Evidence, folder: Path | None, account: str) -> None:
    out = console()
    usd = "" if found.usd is None else f", {steps.dollars(found.usd)}"
    out.print(f"Accepted in {found.seconds:.0f} s{usd}.")
    if folder is None and found.aws == "embedded":
        out.print("No evidence is written: this was the embedded AWS.")
        return
    path = evidence.write(folder or evidence.FOLDER, found, account)
    out.print(f"Evidence: {path} and {path.with_suffix('.html').name}", soft_wrap=True)
    if folder is None:
        out.print("Put this sentence into README.md, where the one before it is:")
        out.print(evidence.sentence(path.parent), markup=False, soft_wrap=True)


def _account(clone: Clone) -> str:
    """Return the account's number; raise ``Failure`` if something is missing for the run."""
    if shutil.which("pulumi") is None:
        raise Failure(
            "The Pulumi CLI is not installed; see https://www.pulumi.com/docs/iac/download-install/."
        )
    elsewhere = next((name for name in os.environ if name.startswith(_ELSEWHERE)), None)
    if elsewhere and not clone.is_embedded:
        raise Failure(
            f"{elsewhere} sends requests to {os.environ[elsewhere]!r} instead of AWS, where a run "
            "proves nothing; unset it."
        )
    cloud.region(clone)
    try:
        return str(cloud.clients(clone)("sts").get_caller_identity()["Account"])
    except _AWS_ERRORS as error:
        raise Failure(
            f"No AWS credentials work here ({error}); sign in, or set AWS_PROFILE."
        ) from error


def _versions() -> dict[str, str]:
    cli = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True)
    libraries = {name: machine.version(name) or "absent" for name in _PACKAGES}
    return {"Pulumi CLI": cli.stdout.strip(), **libraries}
