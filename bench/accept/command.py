"""``python -m bench accept --stack dev``: prove a stack on your own AWS account, with a clone.

Makes a stack beside it with the same settings, uploads to it, attacks it, and destroys it again;
the stack itself is never touched. Stops at the first step that fails and prints how to clean up.
docs/accept.md has the steps.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import botocore.exceptions
from cyclopts import Group, Parameter
from cyclopts.types import PositiveInt
from cyclopts.validators import LimitedChoice

from bench import machine
from bench.accept import cleanup, cloud, evidence, steps
from bench.accept import clone as clones
from bench.accept.clone import Clone
from bench.accept.engine import Engine, EngineError
from bench.accept.steps import Record
from bench.accept.trial import Trial
from bench.cost import bill
from local.program import ROOT
from terminal import FAILED, OK, Failure, Misuse, console, progress

COUNT: Final = 100
FAILURES: Final = (
    *(Failure, OSError),
    *(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError),
)
"""Exceptions that a step may raise besides a failed check; the user sees their messages."""

_ELSEWHERE: Final = "AWS_ENDPOINT_URL"
"""Environment variables whose names begin so name another AWS (AWS SDKs and Tools reference guide,
"Service-specific endpoints"); the evidence would take it for Amazon's."""

_PACKAGES: Final = ("pulumi", "pulumi-aws", "boto3")
_WHAT: Final = Group("Stack", validator=LimitedChoice(1))


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
    if options.clean:
        clone = clones.find(options.clean)
    else:
        assert options.stack  # noqa: S101 (exactly one of the two was given)
        clone = clones.copy(options.stack)
    engine = Engine(
        tree=ROOT,
        folder=ROOT,
        stack=clone.name,
        variables={"PULUMI_SKIP_UPDATE_CHECK": "true"},
        secrets_provider=clone.content.get("secretsprovider"),
    )
    try:
        account = _account(clone)
        if options.clean:
            return _clean(clone, engine)
        return _prove(clone, engine, options, account)
    except FAILURES as error:
        raise Failure(" ".join(_sentence(error).split())) from error
    finally:
        engine.close()


def _prove(clone: Clone, engine: Engine, options: Options, account: str) -> int:
    facts, region = asdict(machine.facts()), cloud.region(clone)
    assert region  # noqa: S101 (_account has called AWS there)
    assert options.stack  # noqa: S101 (there is no clone to remove)
    prices = _prices(region)
    console().print(f"{clone.name} in {region}: a copy of {options.stack}, which is not touched.")
    if prices is None:
        console().print(f"bench/cost/prices has no {region}, so that no costs are shown.")
    records: list[Record] = []
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
            records = steps.run(trial.steps(), _show, FAILURES, _sentence)
    finally:
        if not records or records[-1].state not in steps.GOOD:
            _end(clone, engine, records, clean_up=options.clean_up)
    if records[-1].state not in steps.GOOD:
        return FAILED
    found = evidence.gather(
        clone,
        records,
        stack=options.stack,
        region=region,
        machine=facts,
        versions=_versions(),
        prices_date=str(prices.date) if prices else None,
    )
    _write(found, options.evidence, account)
    return OK


def _show(record: Record) -> None:
    console().print(record.to_line(), markup=False, soft_wrap=True)


def _end(clone: Clone, engine: Engine, records: list[Record], *, clean_up: str) -> None:
    """Say what is left of a clone, or remove it."""
    out = console(stderr=True)
    last = records[-1] if records else None
    if last and last.state == "failed":
        out.print(f"error: {last.name} failed: {last.detail}", markup=False, soft_wrap=True)
    if clean_up == "never":
        _tell(clone, "is left as it is")
    if engine.is_busy:
        out.print("Stopping: Pulumi finishes what it has begun …")
    if clean_up == "never":
        engine.close()
    else:
        _clean(clone, engine)


def _tell(clone: Clone, state: str) -> None:
    out = console(stderr=True)
    out.print(f"{clone.name} {state}. Remove it with:")
    out.print(f"  {_command()} accept --clean {clone.name}", markup=False, soft_wrap=True)


def _clean(clone: Clone, engine: Engine) -> int:
    """Remove a clone; if that fails or a signal stops it, say how to repeat it."""
    try:
        engine.close()  # a signal that came meanwhile, such as a second Ctrl-C, is raised by it
        with progress(f"Removing {clone.name}", None) as advance:
            cleanup.remove(clone, engine, lambda count: advance(name=f"{count} objects"))
            cleanup.check(clone)
    except BaseException:
        _tell(clone, "is not removed yet")
        raise
    console().print(f"{clone.name} is removed; nothing of it is left.")
    return OK


def _write(found: dict[str, Any], folder: Path | None, account: str) -> None:
    out = console()
    usd = "" if found["usd"] is None else f", ${found['usd']:.5f}"
    out.print(f"Accepted in {found['seconds']:.0f} s{usd}.")
    if folder is None and found["aws"] == "embedded":
        out.print("No evidence is written: this was the embedded AWS.")
        return
    path = evidence.write(folder or evidence.FOLDER, found, account)
    out.print(f"Evidence: {path} and {path.with_suffix('.html').name}", soft_wrap=True)
    if folder is None:
        out.print("Put this sentence into README.md, where the one before it is:")
        out.print(evidence.sentence(path.parent), markup=False, soft_wrap=True)


def _sentence(error: Exception) -> str:
    return error.errors() if isinstance(error, EngineError) else str(error)


def _account(clone: Clone) -> str:
    """Return the account's number, once everything that the run needs is there.

    Raises:
        Failure: something is missing; one sentence says what to do.
    """
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
    if cloud.region(clone) is None:
        raise Failure("There is no region; set aws:region in the stack's settings.")
    try:
        return str(cloud.clients(clone)("sts").get_caller_identity()["Account"])
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise Failure(
            f"AWS takes no credentials from here ({error}); sign in, or set AWS_PROFILE."
        ) from error


def _prices(region: str) -> bill.Prices | None:
    try:
        return bill.load(region)
    except Misuse:
        return None


def _versions() -> dict[str, str]:
    cli = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True)
    libraries = {name: machine.version(name) or "absent" for name in _PACKAGES}
    return {"Pulumi CLI": cli.stdout.strip(), **libraries}


def _command() -> str:
    python = Path(sys.executable)
    shown = os.path.relpath(python) if python.is_relative_to(Path.cwd()) else str(python)
    return f"{shown} -m bench"
