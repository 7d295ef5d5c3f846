"""The Pulumi CLI: the installed one, or one that ``python -m tests.engine.cli`` builds with Go."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.program import ROOT

VERSION: Final = "3.274.1"
"""Release that ``go.mod`` pins; its code has it from the linker alone (pulumi/pulumi, Makefile)."""

_PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_BUILT: Final = ROOT / ".cache" / "pulumi"
_SUMS: Final = Path(__file__).with_name("go.sum")
_SECONDS: Final = 30 * 60


class MissingError(Exception):
    """There is neither the CLI nor Go; the text says what to do."""


def find() -> Path:
    """Return the folder whose ``bin`` has the CLI, which is built first if none is installed.

    Raises:
        MissingError: there is nothing to build it with.
    """
    installed = shutil.which("pulumi")
    if installed and Path(installed).parent.name == "bin":  # as the Automation API has it
        return Path(installed).parent.parent
    if not shutil.which("go"):
        raise MissingError(
            "make engine needs the Pulumi CLI, or Go to build it: install either "
            "(https://www.pulumi.com/docs/install, https://go.dev/doc/install)."
        )
    program = _BUILT / "bin" / "pulumi"
    if program.exists() and program.stat().st_mtime > _SUMS.stat().st_mtime:
        return _BUILT
    flags = f"-s -w -X {_VARIABLE}={VERSION}"
    subprocess.run(
        ["go", "build", "-o", program, "-ldflags", flags, _PACKAGE],
        cwd=Path(__file__).parent,
        check=True,
        timeout=_SECONDS,
    )
    return _BUILT


if __name__ == "__main__":
    sys.stderr.write("The Pulumi CLI is built where none is installed: 10 minutes, once.\n")
    try:
        find()
    except MissingError as error:
        sys.exit(str(error))
