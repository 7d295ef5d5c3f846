"""The Pulumi CLI: the one that is installed, or one built with Go."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from local.program import ROOT

VERSION: Final = "3.274.1"
"""Release that ``go.mod`` pins; its code has it from the linker alone (pulumi/pulumi, Makefile)."""

_PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_BUILT: Final = ROOT / ".cache" / "pulumi"
_SECONDS: Final = 30 * 60


def find() -> Path:
    """Return the folder whose ``bin`` has the CLI."""
    if installed := shutil.which("pulumi"):
        return Path(installed).resolve().parent.parent
    if not shutil.which("go"):
        pytest.exit(
            "make engine needs the Pulumi CLI, or Go to build it: install either "
            "(https://www.pulumi.com/docs/install, https://go.dev/doc/install).",
            returncode=1,
        )
    flags = f"-s -w -X {_VARIABLE}={VERSION}"
    subprocess.run(
        ["go", "build", "-o", _BUILT / "bin" / "pulumi", "-ldflags", flags, _PACKAGE],
        cwd=Path(__file__).parent,
        check=True,
        timeout=_SECONDS,
    )
    return _BUILT
