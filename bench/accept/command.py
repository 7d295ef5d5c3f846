"""``python -m bench accept --stack dev``: prove a stack on your own AWS account, with a clone.

Makes a stack beside it with the same settings, uploads to it, attacks it, and destroys it again;
the stack itself is never touched. Stops at the first step that fails and prints how to clean up.
docs/accept.md has the steps. Exit codes: 0 accepted, 1 failed, 2 misused.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import botocore.exceptions

from bench import bill, machine
from bench.accept import cleanup, cloud, evidence, steps
from bench.accept import clone as clones
from bench.accept.clone import Clone
from bench.accept.engine import Engine, EngineError
from bench.accept.steps import Record
from bench.accept.trial import Trial
from bench.machine import UsageError
from local.program import ROOT
from terminal import Failure, console, progress

COUNT: Final = 100
FAILURES: Final = (
    *(EngineError, Failure, OSError),
    *(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError),
)
"""Exceptions that a step may raise besides a failed check; the user sees their messages."""

_PACKAGES: Final = ("pulumi", "pulumi-aws", "boto3")


def register(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "accept", help="prove a stack on your own AWS account", description=__doc__
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--stack", metavar="NAME", help="stack whose settings are tried, e.g. dev")
    what.add_argument("--clean", metavar="CLONE", help="remove a clone that an earlier run left")
    parser.add_argument(
        "--uploads",
        type=int,
        default=COUNT,
        metavar="N",
        help="uploads that are compared (default: %(default)s)",
    )
    parser.add_argument(
        "--storm",
        type=int,
        default=COUNT,
        metavar="N",
        help="uploads at once (default: %(default)s)",
    )
    parser.add_argument(
        "--clean-up",
        choices=("never", "always"),
        default="never",
        help="after a failure or a signal: print how to remove the clone, or remove it",
    )
    parser.add_argument(
        "--evidence",
        type=Path,
        metavar="FOLDER",
        help="where the evidence goes (default: evidence/; nowhere for the embedded AWS)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prove a stack, or remove a clone."""
    if options.uploads < 1 or options.storm < 1:
        raise UsageError("--uploads and --storm must be at least 1.")
    clone = clones.find(options.clean) if options.clean else clones.copy(options.stack)
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
    except (LookupError, *FAILURES) as error:
        return _fail(" ".join(_sentence(error).split()))
    finally:
        engine.close()


def _prove(clone: Clone, engine: Engine, options: argparse.Namespace, account: str) -> int:
    facts, region = machine.facts(), cloud.region(clone)
    assert region  # noqa: S101 (_account has called AWS there)
    prices = _prices(region)
    console().print(f"{clone.name} in {region}: a copy of {options.stack}, which is not touched.")
    if prices is None:
        console().print(f"bench/prices has no {region}, so that no costs are shown.")
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
        return 1
    found = evidence.gather(
        clone,
        records,
        stack=options.stack,
        region=region,
        machine=facts,
        versions=_versions(),
        prices_date=str(prices["date"]) if prices else None,
    )
    _write(found, options.evidence, account)
    return 0


def _show(record: Record) -> None:
    console().print(record.to_line(), markup=False, soft_wrap=True)


def _end(clone: Clone, engine: Engine, records: list[Record], *, clean_up: str) -> None:
    """Say what is left of a clone, or remove it."""
    out = console(stderr=True)
    last = records[-1] if records else None
    if last and last.state == "failed":
        out.print(f"error: {last.name} failed: {last.detail}", markup=False, soft_wrap=True)
    if clean_up == "never":
        _tell(clone)
    if engine.is_busy:
        out.print("Stopping: Pulumi finishes what it has begun …")
    engine.close()
    if clean_up == "always":
        try:
            _clean(clone, engine)
        except BaseException:
            _tell(clone)
            raise


def _tell(clone: Clone) -> None:
    out = console(stderr=True)
    out.print(f"{clone.name} is left as it is. Remove it with:")
    out.print(f"  {_command()} accept --clean {clone.name}", markup=False, soft_wrap=True)


def _clean(clone: Clone, engine: Engine) -> int:
    with progress(f"Removing {clone.name}", None) as advance:
        cleanup.remove(clone, engine, lambda count: advance(name=f"{count} objects"))
        cleanup.check(clone)
    console().print(f"{clone.name} is removed; nothing of it is left.")
    return 0


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
        LookupError: something is missing; one sentence says what to do.
    """
    if shutil.which("pulumi") is None:
        raise LookupError(
            "The Pulumi CLI is not installed; see https://www.pulumi.com/docs/iac/download-install/."
        )
    if cloud.region(clone) is None:
        raise LookupError("There is no region; set aws:region in the stack's settings.")
    try:
        return str(cloud.clients(clone)("sts").get_caller_identity()["Account"])
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise LookupError(
            f"AWS takes no credentials from here ({error}); sign in, or set AWS_PROFILE."
        ) from error


def _prices(region: str) -> dict[str, Any] | None:
    try:
        return bill.load(region)
    except UsageError:
        return None


def _versions() -> dict[str, str]:
    cli = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True)
    libraries = {name: machine.version(name) or "absent" for name in _PACKAGES}
    return {"Pulumi CLI": cli.stdout.strip(), **libraries}


def _command() -> str:
    python = Path(sys.executable)
    shown = os.path.relpath(python) if python.is_relative_to(Path.cwd()) else str(python)
    return f"{shown} -m bench"


def _fail(sentence: str) -> int:
    console(stderr=True).print(f"error: {sentence}", style="red", markup=False, soft_wrap=True)
    return 1
