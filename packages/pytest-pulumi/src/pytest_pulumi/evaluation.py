"""Evaluate a program or component as ``pulumi preview`` or ``pulumi up`` does."""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

from pytest_pulumi import guard, program_folder, sdk, stack_file
from pytest_pulumi.cloud import Cloud
from pytest_pulumi.coroutines import traced_coroutines
from pytest_pulumi.errors import ProgramStuckError, PulumiTestError
from pytest_pulumi.monitor import Monitor
from pytest_pulumi.program import Program
from pytest_pulumi.values import decode

T = TypeVar("T")

TIMEOUT: Final = 60.0
"""Seconds after which a program counts as stuck."""


def evaluate(
    program: Callable[[], T | Awaitable[T]],
    *,
    project: str = "project",
    stack: str = "dev",
    organization: str = "organization",
    config: Mapping[str, Any] | None = None,
    cloud: Cloud | None = None,
    preview: bool = False,
    timeout: float = TIMEOUT,
    root: Path | None = None,
) -> Program[T]:
    """Return what a program registers, given as a function that makes resources.

    Args:
        program: makes resources, and may be async; the result's ``returned`` is its return value.
        project: name of the project, which keys of ``config`` without a namespace belong to.
        stack: name of the stack.
        organization: name of the organization.
        config: configuration; structured values as they are, secrets as ``Secret("…")``, None
            to leave a key unset.
        cloud: what providers and other stacks answer.
        preview: as ``pulumi preview``: what only a provider can tell is unknown.
        timeout: seconds that the program may take.
        root: what ``pulumi.get_root_directory`` tells: the folder of ``Pulumi.yaml``.

    Raises:
        PulumiTestError: the test does not say what the program asks.
        ProgramStuckError: the program did not end in time.
        VacuousTestError: an assertion of the test was registered in the program and never ran.
        Exception: raised by the program; its attribute ``pulumi_program`` has the resources made
            until then.
    """
    given = {stack_file.full_key(k, project): v for k, v in (config or {}).items()}
    values, secret_keys = stack_file.as_text(given)
    monitor = Monitor(project=project, stack=stack, cloud=cloud or Cloud(), preview=preview)
    run = _Run[T](program, monitor, guard.Watch(in_program=True))

    def configure() -> None:
        sdk.set_all_config(values, secret_keys)
        sdk.configure(
            sdk.Settings(
                project=project,
                stack=stack,
                organization=organization,
                monitor=monitor,
                engine=monitor,
                dry_run=preview,
                root_directory=str(root or Path.cwd()),
            )
        )

    thread = threading.Thread(target=run, args=(configure,), daemon=True, name="pulumi program")
    thread.start()
    thread.join(timeout)
    monitor.transforms.close()
    if thread.is_alive():
        raise ProgramStuckError(
            f"The program did not end within {timeout:g} s: it blocks, or an Output of it never "
            f"resolves.{run.watch.describe_waiting()}\n\n{_evaluated(run, preview).tree}"
        )
    found = _evaluated(run, preview)
    guard.note(found)
    if run.errors:
        with suppress(AttributeError):  # of an exception that has slots
            run.errors[0].pulumi_program = found  # pyright: ignore[reportAttributeAccessIssue]
        raise _explained(run.errors[0])
    run.watch.check()
    return found


def evaluate_folder(
    folder: str | Path,
    *,
    stack: str = "dev",
    config: Mapping[str, Any] | None = None,
    cloud: Cloud | None = None,
    preview: bool = False,
    organization: str = "organization",
    timeout: float = TIMEOUT,
) -> Program[None]:
    """Return what the program in a folder registers for a stack.

    The configuration of ``Pulumi.<stack>.yaml`` holds, if there is such a file, with ``config``
    over it; a key without a namespace belongs to the project that ``Pulumi.yaml`` names. Its
    ``main`` and ``stackConfigDir`` hold, too.

    Raises:
        PulumiTestError: there is no program; or a value is encrypted that ``config`` does not give.
        Exception: as ``evaluate``.
    """
    root = Path(folder).resolve()
    project = stack_file.project_name(root) or root.name
    given = {stack_file.full_key(k, project): v for k, v in (config or {}).items()}
    config = stack_file.read(root, stack) | given
    program = stack_file.program_folder(root).resolve()
    with program_folder.inside(program):
        return evaluate(
            lambda: program_folder.run(program),
            project=project,
            stack=stack,
            organization=organization,
            config=config,
            cloud=cloud,
            preview=preview,
            timeout=timeout,
            root=root,
        )


@dataclass
class _Run(Generic[T]):
    """A program on a separate thread, where the SDK's state is fresh."""

    program: Callable[[], T | Awaitable[T]]
    monitor: Monitor
    watch: guard.Watch
    returned: list[T] = field(default_factory=list[T])
    errors: list[BaseException] = field(default_factory=list[BaseException])

    def __call__(self, configure: Callable[[], None]) -> None:
        try:
            with self.watch, traced_coroutines(), asyncio.Runner() as runner:
                # A program that fails leaves futures behind that nobody awaits.
                runner.get_loop().set_exception_handler(lambda _loop, _context: None)
                runner.get_loop().set_task_factory(self.watch.start)
                runner.run(self._run(configure))
        except BaseException as error:  # noqa: BLE001 (raised again on the caller's thread)
            self.errors.append(error)

    async def _run(self, configure: Callable[[], None]) -> None:
        configure()
        await sdk.run_in_stack(self._make)
        await self.watch.finish_tasks()

    def _make(self) -> Awaitable[None] | None:
        made = self.program()
        if inspect.isawaitable(made):
            return self._made_later(made)
        self.returned.append(made)
        return None

    async def _made_later(self, made: Awaitable[T]) -> None:
        self.returned.append(await made)


def _explained(error: BaseException) -> BaseException:
    """Return what a program raised; or a sentence, where asyncio's own says too little."""
    if isinstance(error, RuntimeError) and "attached to a different loop" in str(error):
        return PulumiTestError(
            "The program uses an Output that was made outside of it, and cannot wait for it; make "
            "it inside, e.g. pulumi_component(lambda: Site('site', domain=Output.from_input('a')))."
        )
    return error


def _evaluated(run: "_Run[T]", preview: bool) -> Program[T]:  # noqa: FBT001
    outputs = decode(run.monitor.stack_outputs)
    return Program(
        resources=run.monitor.resources,
        outputs=outputs.values,
        secret_outputs=frozenset(outputs.secrets),
        messages=tuple(run.monitor.messages),
        returned=run.returned[0] if run.returned else cast("T", None),
        preview=preview,
    )
