"""The version of Python and the architecture that a bundle is built for."""

import platform
import re
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Machine = Literal["x86_64", "arm64"]

_ARCHITECTURES: Final[Mapping[str, Machine]] = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "arm64": "arm64",
    "aarch64": "arm64",
}
_FIRST_ON_AL2023: Final = 12
"""Minor version of the first Python runtime whose glibc loads the function's wheels."""


class BundleError(Exception):
    """The bundle cannot be built; the message is one sentence that says what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The interpreter that a bundle is for.

    Attributes:
        python: version as major and minor, e.g. ``"3.13"``.
        machine: ``"x86_64"`` or ``"arm64"``.
        native: for the running interpreter on this system, rather than for Amazon Linux 2023.
    """

    python: str
    machine: Machine
    native: bool = False

    @classmethod
    def host(cls) -> "Target":
        """Target the running interpreter, so that a local Lambda can load the bundle.

        Raises:
            BundleError: this machine is neither x86_64 nor arm64.
        """
        name = platform.machine()
        machine = _ARCHITECTURES.get(name.lower())
        if machine is None:
            raise BundleError(f"The function runs on x86_64 and arm64; this machine is {name}.")
        python = "{}.{}".format(*sys.version_info[:2])
        return cls(python=python, machine=machine, native=True)

    @classmethod
    def for_lambda(cls, runtime: str, architecture: str) -> "Target":
        """Target a Lambda runtime, e.g. ``"python3.13"`` on ``"arm64"``.

        Raises:
            BundleError: not a Python runtime on Amazon Linux 2023, or an unknown architecture.
        """
        version = re.fullmatch(r"python3\.(\d+)", runtime)
        if version is None or int(version[1]) < _FIRST_ON_AL2023:
            raise BundleError(
                f"The function's wheels need Amazon Linux 2023, which {runtime} does not run on; "
                "set runtime to python3.12 or later."
            )
        if architecture not in ("x86_64", "arm64"):
            raise BundleError(f"architecture must be x86_64 or arm64; got {architecture!r}.")
        return cls(python=f"3.{version[1]}", machine=architecture)

    def __str__(self) -> str:
        system = "this system" if self.native else "Amazon Linux 2023"
        return f"Python {self.python} on {system} ({self.machine})"

    @property
    def slug(self) -> str:
        """Part of a file's name, different for each target."""
        system = sysconfig.get_config_var("SOABI") if self.native else "al2023"
        return f"python{self.python}-{system}-{self.machine}"
