"""``python -m bench memory``: the largest image that each memory size accepts."""

from bench.memory import evidence, fit, report
from bench.memory.report import Result
from bench.memory_sizes import SIZES, MemorySizes
from bench.reports import NO_FILES, Files, publish
from bench.stacks import read_stack


def memory(
    *, memory: MemorySizes = SIZES, stack: str | None = None, files: Files = NO_FILES
) -> None:
    """Print what fits; write the files that were asked for.

    Args:
        memory: Memory sizes in MB; that of --stack is added.
        stack: Take the renditions and limits of Pulumi.NAME.yaml.
        files: to write.
    """
    result = calculate(memory, stack)
    publish(result, [report.table(result)], result.words, lambda: report.page(result), files)


def calculate(sizes: tuple[int, ...], stack: str | None) -> Result:
    """Return what fits in these memory sizes, and in the stack's own if one is named."""
    settings = read_stack(stack)
    kinds = fit.kinds(evidence.stored(), settings)
    sources = list(evidence.sources())
    wanted = sorted({*sizes, settings.memory} if stack else {*sizes})
    settings_of = f"stack {stack}, {settings.memory} MB" if stack else "the default settings"
    return Result(
        stack=stack,
        memory_mb=settings.memory,
        fits=fit.fits(kinds, settings, wanted),
        kinds=kinds,
        sources=sources,
        words=list(report.sentences(settings_of, sources)),
    )
