"""The bench's command line: ``python -m bench COMMAND``."""

import argparse
import sys
from collections.abc import Sequence

from bench import compare, cost, duplicates, imports, limits, tune
from bench.machine import UsageError
from bench.sandbox import SandboxError
from pipeline.bundle import BundleError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0: worked, 1: failed, 2: misused."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (compare, cost, duplicates, imports, limits, tune):
        module.register(commands)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except (BundleError, SandboxError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1


if __name__ == "__main__":
    sys.exit(main())
