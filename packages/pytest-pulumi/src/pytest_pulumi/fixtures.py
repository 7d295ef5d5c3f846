"""Types of the fixtures, for tests that are typed: ``def test(pulumi_program: EvaluateFolder)``."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pytest_pulumi.cloud import Cloud
from pytest_pulumi.evaluation import TIMEOUT
from pytest_pulumi.program import Program, Wanted

T = TypeVar("T")


class EvaluateFolder(Protocol):
    """Evaluates the program in a folder: see ``evaluate_folder``."""

    def __call__(
        self,
        folder: str | Path = ".",
        *,
        stack: str = "dev",
        config: Mapping[str, Any] | None = None,
        cloud: Cloud | None = None,
        preview: bool = False,
        organization: str = "organization",
        timeout: float = TIMEOUT,
    ) -> Program[None]:
        """Return the evaluated program; the folder is relative to pytest's root."""
        ...


class EvaluateComponent(Protocol):
    """Evaluates a component class, or any function that makes resources: see ``evaluate``."""

    def __call__(
        self,
        component: Callable[..., T | Awaitable[T]],
        *args: Any,
        stack: str = "dev",
        project: str = "project",
        config: Mapping[str, Any] | None = None,
        cloud: Cloud | None = None,
        preview: bool = False,
        **kwargs: Any,
    ) -> Program[T]:
        """Return the evaluated program; ``returned`` is the component."""
        ...


class CheckSnapshot(Protocol):
    """Compares a program with a snapshot of its resources with data: see ``Snapshot.check``."""

    def __call__(
        self, program: Program[Any], name: str = "", *, types: list[Wanted] | None = None
    ) -> None:
        """Assert that none is lost; the name is the test's if none is given."""
        ...
