"""The Pulumi CLI and what its examples need: installed, or built from Go's module proxy.

``python -m tests.engine.cli`` builds the CLI; the tests of ``examples/`` build the rest.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.program import ROOT

VERSION: Final = "3.274.1"
"""Release that ``go.mod`` pins; its code has it from the linker alone (pulumi/pulumi, Makefile)."""

_HERE: Final = Path(__file__).parent
_BUILT: Final = ROOT / ".cache" / "pulumi"
_SECONDS: Final = 30 * 60


class MissingError(Exception):
    """There is neither the program nor Go; the text says what to do."""


def find() -> Path:
    """Return the folder whose ``bin`` has the CLI, which is built first if none is installed.

    Raises:
        MissingError: there is nothing to build it with.
    """
    installed = shutil.which("pulumi")
    if installed and Path(installed).parent.name == "bin":  # as the Automation API has it
        return Path(installed).parent.parent
    version = f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={VERSION}"
    _build("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", _HERE, f"-s -w -X {version}")
    return _BUILT


def find_yaml_host() -> Path:
    """Return the program with which the engine runs YAML, built in three minutes if need be.

    It is a separate module, because its latest release does not compile with the CLI's.

    Raises:
        MissingError: there is nothing to build it with.
    """
    name = "pulumi-language-yaml"
    if installed := shutil.which(name):
        return Path(installed)
    return _build(name, f"github.com/pulumi/pulumi-yaml/cmd/{name}", _HERE / "yaml")


def find_sdk_generator() -> Path:
    """Return the program that generates SDKs from a schema, built in half a minute if need be.

    Raises:
        MissingError: there is nothing to build it with.
    """
    return _build("pulumi-gen-sdk", "./sdk", _HERE)


def _build(name: str, package: str, module: Path, flags: str = "-s -w") -> Path:
    program = _BUILT / "bin" / name
    sources = [module / "go.sum", *(module / package).glob("*.go")]
    newest = max(source.stat().st_mtime for source in sources)
    if program.exists() and program.stat().st_mtime > newest:
        return program
    if not shutil.which("go"):
        raise MissingError(
            "make engine needs the Pulumi CLI, or Go to build it: install either "
            "(https://www.pulumi.com/docs/install, https://go.dev/doc/install)."
        )
    subprocess.run(
        ["go", "build", "-o", program, "-ldflags", flags, package],
        cwd=module,
        check=True,
        timeout=_SECONDS,
    )
    return program


if __name__ == "__main__":
    sys.stderr.write("The Pulumi CLI is built where none is installed: 10 minutes, once.\n")
    try:
        find()
    except MissingError as error:
        sys.exit(str(error))
