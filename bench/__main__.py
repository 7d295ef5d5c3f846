"""The bench's command line: ``python -m bench COMMAND``."""

import argparse
import signal
import sys
from collections.abc import Sequence

from bench import (
    aws,
    compare,
    corpus,
    cost,
    duplicates,
    evidence,
    imports,
    isolation,
    limits,
    load,
    oom,
    tune,
)
from bench.accept import command as accept
from bench.machine import UsageError
from bench.sandbox import SandboxError
from bench.storm import StormError
from pipeline.bundle import BundleError
from terminal import Failure


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (
        accept,
        aws,
        compare,
        cost,
        duplicates,
        evidence,
        imports,
        isolation,
        limits,
        load,
        oom,
        tune,
    ):
        module.register(commands)
    maintain = commands.add_parser("maintain", help="checks that maintainers and operators run")
    corpus.register(maintain.add_subparsers(dest="check", required=True, metavar="COMMAND"))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0: worked, 1: failed, 2: misused."""
    options = parser().parse_args(arguments)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        return options.run(options)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except (BundleError, Failure, SandboxError, StormError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> None:
    """Being told to end is like Ctrl-C: what was made for measuring is removed."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
