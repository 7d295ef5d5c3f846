"""``python -m bench tune``: latency, memory and cost at each Lambda memory size."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from cyclopts import Parameter
from cyclopts.types import PositiveInt

from bench.cost.prices import load
from bench.failures import failures
from bench.reports import NO_FILES, Files, publish, to_data
from bench.sandbox import control_group, selfcheck
from bench.sandbox.embedded_s3 import EmbeddedS3
from bench.sandbox.function import Store
from bench.sandbox.stub_s3 import StubS3
from bench.stacks import read_stack
from bench.sweep import report, workloads
from bench.sweep.choice import Choice
from bench.sweep.summary import summarise
from bench.sweep.workloads import NAMES, Own
from bench.tune import evidence, invocations
from bench.tune.measurement import Effort, sweep
from bench.tune.results import MeasuredSettings, SandboxFacts, SandboxResult, StubSandboxFacts
from function.contract import DuplicateSearch
from pipeline.bundle import Target, build
from pipeline.settings import Settings
from terminal import FAILED, OK, Failure, Misuse, PositiveNumber, console, counted, progress

_QUICK_SAMPLES: Final = 2
_QUICK_SECONDS: Final = 1.0
"""Seconds for each case and each size of the self-check, so that ``--quick`` ends in a minute."""
REGION: Final = "us-east-1"
"""Region whose prices the sandbox's figures have."""

_OTHERS: Final = "Percentiles of few runs are coarse; arm64 and real AWS were not measured here."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options(Choice, Own):
    """Options of ``tune``.

    Attributes:
        samples: Most warm runs of each.
        budget_s: Most seconds for each.
        quick: Two warm runs of each: coarse.
        s3: The S3 that the function uses.
        no_cgroup: Scale CPU time instead of holding it back.
        provisioned_concurrency: Hold the initialisation to the size's share of CPU, as Lambda does
            with provisioned concurrency; on demand it does not.
        apply: Write the choice to --stack.
        stack: Measure with the renditions and quality of Pulumi.NAME.yaml.
        first_view: Measure first views of these files (large.jpg) instead of uploads.
    """

    workloads: Annotated[tuple[str, ...], Parameter(help=f"Files, or of: {', '.join(NAMES)}.")] = (
        "jpeg-12mp",
    )
    samples: PositiveInt = 30
    budget_s: PositiveNumber = 20
    quick: bool = False
    s3: Literal["stub", "embedded"] = "stub"
    no_cgroup: bool = False
    provisioned_concurrency: bool = False
    apply: bool = False
    stack: str | None = None
    first_view: tuple[str, ...] = ()


_DEFAULTS: Final = Options()


def tune(*, options: Options = _DEFAULTS, files: Files = NO_FILES) -> int:
    """Measure, print, write. Ctrl-C keeps what is done."""
    if options.apply and not options.stack:
        raise Misuse("--apply needs --stack NAME, whose settings it writes.")
    if options.apply and options.first_view:
        raise Misuse("--apply writes the memory for uploads; leave out --first-view.")
    if options.quick and options.samples != _DEFAULTS.samples:
        raise Misuse("--quick measures two warm runs of each; leave out --samples.")
    file = evidence.settings_file(options.stack) if options.stack else None
    with failures():
        result = measure(options, read_stack(options.stack))
    if not result.summary:
        raise Failure("Nothing was measured yet.")
    publish(result, [report.table(result)], result.words, lambda: report.page(result), files)
    if result.complete and not any(row.worked for row in result.summary):
        outcomes = ", ".join(sorted({row.outcome for row in result.summary}))
        raise Failure(f"No run went well ({outcomes}); name photos that the function renders.")
    if not (file and options.apply):
        return OK
    if why := why_not(result):
        console(stderr=True).print(f"Nothing is applied: {why}.", soft_wrap=True)
        return FAILED
    console().print(evidence.apply(file, to_data(result)), soft_wrap=True)
    return OK


def why_not(result: SandboxResult) -> str | None:
    """Return the reason not to apply a result; None if there is none."""
    if not result.complete:
        return "it was interrupted"
    if not result.trusted:
        return "the self-check failed; measure again when the machine is quiet"
    return None if result.chosen else "no measured size suits every workload"


def measure(options: Options, settings: Settings) -> SandboxResult:
    """Run the self-check and the sweep."""
    bundle, own = build(Target.host()), options.own()
    loads = [own] if own else [workloads.make(name) for name in options.workloads]
    kinds = list(invocations.kinds(settings, options.first_view))
    effort = Effort(
        samples=_QUICK_SAMPLES if options.quick else options.samples,
        budget_s=options.budget_s,
        hold="nothing" if options.no_cgroup else "cpu and memory",
        provisioned_concurrency=options.provisioned_concurrency,
    )
    checked = _check_sandbox(effort, quick=options.quick)
    store = EmbeddedS3() if options.s3 == "embedded" else StubS3()
    with (
        closing(store),
        progress("Measuring", len(loads) * len(kinds) * len(options.memory)) as advance,
    ):
        found = sweep(
            bundle,
            loads,
            options.memory,
            store=store,
            effort=effort,
            advance=advance,
            kinds=kinds,
        )
    if not found.complete:
        console(stderr=True).print("Interrupted; the results so far are kept.")
    prices = load(REGION)
    rows = [summarise(case, prices, "sandbox") for case in found.cases]
    one = "first view" if options.first_view else "upload"
    return SandboxResult(
        summary=rows,
        strategy=options.strategy,
        chosen=options.setup(rows),
        samples=found.cases,
        complete=found.complete,
        trusted=checked is None or checked.passed,
        bundle=bundle.sha256_base64,
        sandbox=_facts(found.kind, effort, store),
        self_check=checked.warm_rows if checked else [],
        cold_check=checked.cold_rows if checked else [],
        settings=MeasuredSettings(
            stack=options.stack,
            renditions=settings.renditions,
            quality=settings.quality,
        ),
        words=[
            *options.sentences(rows),
            *([] if options.first_view else [describe_renditions(options.stack, settings)]),
            *_describe_sandbox(found.kind, effort, checked),
            f"Costs are at the prices of {REGION}, before any free tier, one {one} an invocation.",
            _OTHERS,
        ],
    )


def _check_sandbox(effort: Effort, *, quick: bool) -> selfcheck.SelfCheck | None:
    """Return the self-check; None where nothing is limited, so that there is nothing to check."""
    if control_group.available(effort.hold) == "none":
        return None
    seconds = _QUICK_SECONDS if quick else selfcheck.SECONDS
    with progress("Checking the sandbox", len(selfcheck.SIZES) + 1) as advance:
        return selfcheck.check(seconds=seconds, hold=effort.hold, advance=advance)


def describe_renditions(stack: str | None, settings: Settings) -> str:
    """Return a sentence on the files that were made of each upload, and whose settings say so."""
    count = sum(len(rendition.formats) for rendition in settings.renditions)
    files = counted(count, "file")
    whose = f"stack {stack}" if stack else "the defaults; --stack NAME takes a stack's own"
    without = "" if settings.duplicates == DuplicateSearch.OFF else ", duplicates not looked for"
    return f"Made of each upload: {files}, quality {settings.quality} ({whose}){without}."


def _facts(kind: control_group.Kind, effort: Effort, store: Store) -> SandboxFacts:
    init = "provisioned concurrency" if effort.provisioned_concurrency else "on demand"
    if isinstance(store, EmbeddedS3):
        return SandboxFacts(kind=kind, init=init, s3="embedded AWS")
    return StubSandboxFacts(
        kind=kind, init=init, s3="stub", latency_ms=store.latency_ms, mb_per_s=store.mb_per_s
    )


def _describe_sandbox(
    kind: str, effort: Effort, checked: selfcheck.SelfCheck | None
) -> Iterator[str]:
    if checked is None:
        yield (
            "FALLBACK: nothing is limited (no control group, or --no-cgroup); durations are CPU "
            "time over the share, and memory has no limit. There is nothing for the self-check to "
            "check, so it was left out."
        )
        return
    if effort.provisioned_concurrency:
        yield f"CPU and memory were held by {kind}, the initialisation too."
    else:
        yield f"CPU and memory were held by {kind}, CPU from the end of the initialisation."
    yield from checked.sentences()
