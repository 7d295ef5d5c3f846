"""The invocations that are measured: those of uploads, or those of first views of one file."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from bench.sandbox import Sandbox
from bench.sandbox.environment import HANDLER, VIEW_HANDLER
from bench.sandbox.function import Store, name_of, upload, variables, view, view_environment
from bench.sweep.workloads import Workload
from function.engine.renditions import Rendition, file_name
from pipeline.settings import Settings
from terminal import Failure, Misuse

_PLENTY_MB: Final = 3008
"""Memory of the function that processes an upload before its first views are measured."""


class Invocations(Protocol):
    """One kind of invocation of one of the bundle's functions."""

    @property
    def handler(self) -> str:
        """The function's entry point."""
        ...

    @property
    def first_view(self) -> str:
        """Name of the file that is viewed; empty if uploads are measured."""
        ...

    def variables(self, memory_mb: int, store: Store) -> dict[str, str]:
        """Return the function's environment at a memory size."""
        ...

    def prepare(self, task: Path, workload: Workload, store: Store) -> None:
        """Make what the invocations of a workload need; ``task`` has the unpacked bundle."""
        ...

    def event(self, file: Path, store: Store) -> dict[str, Any]:
        """Return the event of the next invocation, about a file of the workload."""
        ...


@dataclass(frozen=True)
class Uploads:
    """Invocations with one new upload each."""

    settings: Settings | None = None
    handler: str = HANDLER
    first_view: str = ""

    def variables(self, memory_mb: int, store: Store) -> dict[str, str]:
        """Return the function's environment at a memory size."""
        return variables(memory_mb, store, self.settings)

    def prepare(self, task: Path, workload: Workload, store: Store) -> None:
        """Do nothing: an upload needs nothing."""

    def event(self, file: Path, store: Store) -> dict[str, Any]:
        """Upload the file under a new key."""
        return upload(store, file, time.time_ns())


@dataclass(frozen=True)
class FirstViews:
    """Requests for a lazy file, which is deleted before each, so that each is a first view.

    The upload itself is processed once, by the function for uploads, which nothing holds back.
    """

    settings: Settings
    first_view: str
    handler: str = VIEW_HANDLER
    keys: dict[Path, str] = field(default_factory=dict[Path, str])  # of the file of each upload

    def variables(self, memory_mb: int, store: Store) -> dict[str, str]:
        """Return the function's environment at a memory size."""
        return view_environment(memory_mb, store, self.settings)

    def prepare(self, task: Path, workload: Workload, store: Store) -> None:
        """Process each file once.

        Raises:
            Failure: a file was not rendered.
        """
        given = variables(_PLENTY_MB, store, self.settings)
        for file in set(workload.files) - self.keys.keys():
            number = time.time_ns()
            with Sandbox(task, _PLENTY_MB, given, hold="nothing", hello_world_ms=0) as box:
                outcome = box.invoke(upload(store, file, number)).outcome
            if outcome != "ok":
                raise Failure(f"{file.name} has no first view: its upload ended as {outcome}.")
            self.keys[file] = f"{name_of(file, number)}/{self.first_view}"

    def event(self, file: Path, store: Store) -> dict[str, Any]:
        """Delete the file that the last view made, and ask for it."""
        store.forget(self.keys[file])
        return view(f"/{quote(self.keys[file])}")


def kinds(settings: Settings, first_views: Sequence[str]) -> Iterator[Invocations]:
    """Yield what to measure: uploads, or the first views of each of these files.

    Raises:
        Misuse: an upload has no such file.
    """
    if not first_views:
        yield Uploads(settings)
    for name in first_views:
        yield FirstViews(with_lazy(settings, name), name)


def with_lazy(settings: Settings, file: str) -> Settings:
    """Return the settings with the rendition of a file lazy, and another one that is not.

    Raises:
        Misuse: no rendition has this file.
    """
    files: Mapping[str, Rendition] = {
        file_name(rendition.name, format_name): rendition
        for rendition in settings.renditions
        for format_name in rendition.formats
    }
    if file not in files:
        raise Misuse(f"No rendition has a file {file}; choose of {', '.join(files)}.")
    lazy, others = files[file], [each for each in settings.renditions if each != files[file]]
    if not others:
        raise Misuse(f"{file} is of the only rendition, which cannot be lazy; add another one.")
    renditions = (others[0].replace(lazy=False), *others[1:], lazy.replace(lazy=True))
    return replace(settings, delivery="cdn", renditions=renditions)
