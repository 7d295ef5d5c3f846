"""``python -m bench aws --stack dev``: the same sweep on a clone of the deployed function.

The deployed function itself is only read: its code and its configuration. The figures are those of
Lambda's REPORT.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter, validators
from cyclopts.types import PositiveInt

from bench.aws import code
from bench.aws.clone import ARCHITECTURES, Clone, leftovers
from bench.aws.deployed import DIFFERENCES, Deployed
from bench.aws.measurement import Measurement
from bench.aws.results import AwsResult, DeployedFunction
from bench.cost.prices import Prices, load
from bench.reports import NO_FILES, Files, publish
from bench.sweep import report, workloads
from bench.sweep.choice import Choice
from bench.sweep.results import Samples
from bench.sweep.summary import spent, summarise
from bench.sweep.workloads import Own, Workload
from ops.stack import Stack, connected
from pipeline.bundle.target import Machine
from terminal import FAILED, OK, Failure, console, counted, one_of

_WHICH: Final = Group("Stack", validator=one_of)
_BATCH: Final = validators.Number(gte=1, lte=10)
"""Range of the stack's ``batchSize``."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options(Choice, Own):
    """Options of ``aws``.

    Attributes:
        stack: Stack to measure, e.g. dev or local.
        outputs: File of its outputs, without Pulumi.
        architecture: Architectures, side by side.
        batch: Uploads of an invocation.
        samples: Warm runs of each.
        clean: Remove this clone, left by a process that was killed; measure nothing.
    """

    stack: Annotated[str | None, Parameter(group=_WHICH)] = None
    outputs: Annotated[Path | None, Parameter(group=_WHICH)] = None
    workload: Annotated[
        str, Parameter(help=f"A file, or one of: {', '.join(workloads.NAMES)}.")
    ] = "jpeg-12mp"
    architecture: tuple[Machine, ...] = ARCHITECTURES
    batch: Annotated[tuple[int, ...], Parameter(validator=_BATCH)] = (1, 4)
    samples: PositiveInt = 20
    clean: str | None = None

    @property
    def load(self) -> Workload:
        """The workload that is measured."""
        return self.own() or workloads.make(self.workload)


_DEFAULTS: Final = Options()


def aws(*, options: Options = _DEFAULTS, files: Files = NO_FILES) -> int:
    """Measure a clone of the deployed function, print, write; or remove an earlier clone."""
    with connected(options.stack, options.outputs) as stack:
        if options.clean:
            return clean(Clone.named(stack, options.clean))
        result = measure(stack, options.load, options)
    if not result.summary and not result.unmeasured:
        raise Failure("Interrupted before anything was measured; the clone is removed.")
    publish(result, [report.table(result)], result.words, lambda: report.page(result), files)
    return OK if result.complete and result.clean else FAILED


def clean(clone: Clone) -> int:
    """Remove an earlier clone, and list what was removed."""
    removal = clone.remove()
    for what in removal.removed:
        console().print(f"Removed the {what}.", soft_wrap=True)
    _tell(removal.left)
    if not removal.removed and not removal.left:
        console().print(f"Nothing is left of {clone.name}.", soft_wrap=True)
    return FAILED if removal.left else OK


def measure(stack: Stack, workload: Workload, options: Options) -> AwsResult:
    """Make a clone, measure it, remove it, and return what was measured.

    Raises:
        Misuse: there are no prices for the region.
        Failure: the clone does not work, or the function rejects the workload.
    """
    deployed = Deployed.read(stack)
    prices = load(deployed.region)
    again = f"python -m bench aws {_stack(options)} --clean"
    for name in leftovers(stack, deployed.name):
        _tell([f"{name} is another clone; if nobody measures it now: {again} {name}"])
    clone = Clone.new(stack, deployed.name)
    _tell([f"Measuring the clone {clone.name}; if this process is killed: {again} {clone.name}"])
    measurement = Measurement(
        clone=clone,
        deployed=deployed,
        workload=workload,
        code=code.collect(deployed, dict.fromkeys(options.architecture)),
        memory=tuple(dict.fromkeys(options.memory)),
        batches=tuple(dict.fromkeys(options.batch)),
        samples=options.samples,
    )
    interrupted = True
    try:
        with suppress(KeyboardInterrupt):
            measurement.run()
            interrupted = False
    finally:
        left = measurement.removal.left if measurement.removal else []
        _tell([*left, *([f"Try again: {again} {clone.name}"] if left else [])])
    if interrupted:
        _tell(["Interrupted; the clone is removed, and the results so far are kept."])
    cut = [case for case in measurement.cases if case.is_cut_short]
    if cut and not any(case.reports for case in measurement.cases):
        raise Failure(f"Nothing was measured. At {cut[0].setup}: {cut[0].why}")
    return _result(measurement, prices, options)


def _result(measurement: Measurement, prices: Prices, options: Options) -> AwsResult:
    deployed, removal = measurement.deployed, measurement.removal
    cases = [case for case in measurement.cases if case.reports]
    rows = [summarise(case, prices, deployed.measured_on) for case in cases]
    return AwsResult(
        summary=rows,
        unmeasured=measurement.unmeasured,
        strategy=options.strategy,
        chosen=options.setup(rows),
        samples=cases,
        complete=measurement.complete,
        clean=bool(removal and not removal.left),
        function=DeployedFunction(
            name=deployed.name,
            architecture=deployed.architecture,
            code=deployed.code_sha256,
            runtime=deployed.runtime,
            endpoint=deployed.endpoint,
            clone=measurement.clone.name,
        ),
        words=[*options.sentences(rows), *_sentences(measurement, cases, prices)],
    )


def _sentences(measurement: Measurement, cases: list[Samples], prices: Prices) -> Iterator[str]:
    for none in measurement.unmeasured:
        yield f"{none.architecture}: {none.outcome}. {none.why}"
    for why in dict.fromkeys(f"{case.setup}: {case.why}" for case in measurement.cases if case.why):
        yield f"Did not work at {why}"
    yield from measurement.code.words
    yield DIFFERENCES
    deployed = measurement.deployed
    if deployed.measured_on == "embedded AWS":
        yield (
            "This was the embedded AWS, which holds no function to a memory size: the command was "
            "tried, the figures mean nothing. The sandbox (bench tune) is what measures here."
        )
        return
    runs = counted(sum(len(case.reports) for case in cases), "invocation")
    images = sum(stored.images for case in cases for stored in case.stored)
    uploads = counted(images, "upload")
    yield (
        f"Measured on {deployed.endpoint}: {runs}, as Lambda's REPORT lines state "
        f"them, with {uploads}; they cost about ${spent(cases, prices):.2f}, by the prices of "
        f"{prices.region} of {prices.date}, before any free tier."
    )


def _stack(options: Options) -> str:
    return f"--outputs {options.outputs}" if options.outputs else f"--stack {options.stack}"


def _tell(sentences: list[str]) -> None:
    for sentence in sentences:
        console(stderr=True).print(sentence, markup=False, soft_wrap=True)
