"""The pytest plugin: fixtures, the watch over each test, the tree of a test that fails.

It stands outside the package, and imports it only where it is used, so that tests of other things
do not wait for Pulumi.
"""

import gc
import inspect
import sys
import warnings
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import pytest

if TYPE_CHECKING:
    from pytest_pulumi.cloud import Cloud
    from pytest_pulumi.fixtures import CheckSnapshot, EvaluateComponent, EvaluateFolder
    from pytest_pulumi.guard import Watch
    from pytest_pulumi.program import Program, Wanted

T = TypeVar("T")

TEST_FILES: Final[set[str]] = set()
"""Paths of the files that hold tests. They stand here because Pulumi may be imported later."""

_LEFT_BY_SDK: Final = r"(?s)coroutine '.*' was never awaited.*[/\\]pulumi[/\\]\w+\.py\""
"""Matches what Python says of a coroutine that Pulumi's SDK made and nobody awaited."""
_WATCH = pytest.StashKey["Any"]()
_WRITTEN = pytest.StashKey[list[Path]]()


def is_test_file(file: str) -> bool:
    """Return whether the file at a path holds tests, or is a conftest.py."""
    return file in TEST_FILES or Path(file).name == "conftest.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--pulumi-update``."""
    parser.getgroup("pulumi").addoption(
        "--pulumi-update",
        action="store_true",
        help="write the snapshots of resources with data instead of comparing with them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Ignore what the SDK leaves behind when a program fails, whenever it is collected."""
    config.addinivalue_line("filterwarnings", f"ignore:{_LEFT_BY_SDK}:RuntimeWarning")


@pytest.fixture(scope="session")
def pulumi_cloud() -> "Cloud":
    """Answers of providers and other stacks. Override it in a conftest.py."""
    from pytest_pulumi.cloud import Cloud

    return Cloud()


@pytest.fixture(scope="session")
def pulumi_program(pulumi_cloud: "Cloud", pytestconfig: pytest.Config) -> "EvaluateFolder":
    """Evaluate the program in a folder: ``pulumi_program("infra", stack="prod")``."""
    from pytest_pulumi.evaluation import evaluate_folder

    def evaluate(
        folder: str | Path = ".", *, cloud: "Cloud | None" = None, **options: Any
    ) -> "Program[None]":
        root = pytestconfig.rootpath / folder
        return evaluate_folder(root, cloud=cloud or pulumi_cloud, **options)

    return evaluate


@pytest.fixture(scope="session")
def pulumi_component(pulumi_cloud: "Cloud") -> "EvaluateComponent":
    """Evaluate a component class: ``pulumi_component(Site, "site", domain="example.com")``."""
    from pytest_pulumi.evaluation import evaluate

    def run(
        component: "Callable[..., T | Awaitable[T]]",
        *args: Any,
        stack: str = "dev",
        project: str = "project",
        config: Mapping[str, Any] | None = None,
        cloud: "Cloud | None" = None,
        preview: bool = False,
        **kwargs: Any,
    ) -> "Program[T]":
        return evaluate(
            lambda: component(*args, **kwargs),
            stack=stack,
            project=project,
            config=config,
            cloud=cloud or pulumi_cloud,
            preview=preview,
        )

    return run


@pytest.fixture
def pulumi_snapshot(request: pytest.FixtureRequest) -> "Generator[CheckSnapshot]":
    """Compare a program with the snapshot ``pulumi_snapshots/<file>-<name>.urns``."""
    from pytest_pulumi.snapshot import DATA_TYPES, Snapshot

    path: Path = request.path
    update = bool(request.config.getoption("--pulumi-update"))
    snapshot = Snapshot(path.parent / "pulumi_snapshots", update=update, prefix=f"{path.stem}-")

    def check(
        program: "Program[Any]", name: str = "", *, types: "list[Wanted] | None" = None
    ) -> None:
        node = cast("pytest.Item", request.node)
        snapshot.check(program, name or node.name, types=types or DATA_TYPES)

    yield check
    request.config.stash.setdefault(_WRITTEN, []).extend(snapshot.written)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Remember which files hold tests."""
    for item in items:
        TEST_FILES.add(str(item.path))
        function = inspect.unwrap(getattr(item, "obj", pytest_collection_modifyitems))
        code = getattr(function, "__code__", None)
        if code is not None and Path(code.co_filename).name == item.path.name:
            TEST_FILES.add(code.co_filename)  # as compiled, perhaps before the folder was moved


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Ignore it during a test where ``-W error`` comes before the configuration, too."""
    warnings.filterwarnings("ignore", message=_LEFT_BY_SDK, category=RuntimeWarning)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Watch what a test's fixtures register; it is checked when the test has run."""
    if "pulumi" not in sys.modules:
        return (yield)
    from pytest_pulumi.coroutines import traced_coroutines

    if _WATCH in item.stash:
        del item.stash[_WATCH]  # of an earlier run, if failed tests are run again
    with _watch(item), traced_coroutines():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed although it left an assertion unchecked."""
    if "pulumi" not in sys.modules:
        return (yield)
    with _checked(_watch(item)):
        result = yield
        del result
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """Fail a test whose fixtures left an assertion unchecked at their end."""
    if "pulumi" not in sys.modules:
        return (yield)
    from pytest_pulumi import guard

    with _checked(guard.Watch(in_program=False)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the resources of the programs that a failed test looked at."""
    report = yield
    if report.when == "call" and report.failed and call.excinfo is not None:
        shown = str(call.excinfo.value)
        for program in _programs(item):
            if program.tree not in shown:
                report.sections.append(("Pulumi resources", program.tree))
    return report


def pytest_terminal_summary(
    terminalreporter: "pytest.TerminalReporter", config: pytest.Config
) -> None:
    """Name the snapshots that were written."""
    for path in config.stash.get(_WRITTEN, list[Path]()):
        terminalreporter.write_line(f"pulumi: wrote {path}")


def _programs(item: pytest.Item) -> "list[Program[Any]]":
    """Return the programs that a test evaluated, and the programs that its fixtures are."""
    watch = item.stash.get(_WATCH, None)
    if watch is None:
        return []
    from pytest_pulumi.program import Program

    found: list[Program[Any]] = list(watch.programs)
    for value in cast("dict[str, Any]", getattr(item, "funcargs", {})).values():
        if isinstance(value, Program) and value not in found:
            found.append(cast("Program[Any]", value))
    return found


def _watch(item: pytest.Item) -> "Watch":
    """Return the watch over a test and its fixtures."""
    from pytest_pulumi import guard

    if _WATCH not in item.stash:
        item.stash[_WATCH] = guard.Watch(in_program=False)
    return item.stash[_WATCH]


@contextmanager
def _checked(watch: "Watch") -> Generator[None]:
    """Raise what was left unchecked, unless something else is raised."""
    from pytest_pulumi.coroutines import lost_coroutines

    with watch, lost_coroutines() as lost:
        yield
        watch.settle()
        watch.check()
        gc.collect(1)  # a coroutine may hang in a cycle
    if lost:
        pytest.fail(
            f"A coroutine was never awaited, so what it would have checked was not: "
            f"{', '.join(lost)}.",
            pytrace=False,
        )
