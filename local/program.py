"""Evaluates the unchanged ``__main__.py`` as the Pulumi engine would, with mocks for a provider.

The deployer's mocks ask the embedded AWS.
"""

import json
import logging
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

import pulumi
from pulumi.runtime import settings as runtime_settings
from pulumi.runtime.mocks import Mocks, set_mocks

from local import stack_file
from pipeline import configuration
from pipeline.settings import Settings
from terminal import Failure, Misuse

ROOT: Final = Path(__file__).resolve().parent.parent
"""The repository: where ``Pulumi.yaml`` and ``__main__.py`` are."""


def read_config(stack: str) -> dict[str, Any]:
    """Merge a stack's settings over the project's defaults, as the Pulumi CLI does.

    Returns:
        Values by full key, e.g. ``image-pipeline:memory``.

    Raises:
        Misuse: there is no such stack file.
    """
    path = ROOT / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(p.name.split(".")[1] for p in ROOT.glob("Pulumi.*.yaml"))
        raise Misuse(f"There is no stack {stack!r}; choose one of {', '.join(known)}.")
    declared: dict[str, dict[str, Any]] = stack_file.load(ROOT / "Pulumi.yaml")["config"]
    defaults = {
        full_key(key): value["default"] for key, value in declared.items() if "default" in value
    }
    config: dict[str, Any] = stack_file.load(path).get("config") or {}
    return defaults | config


def project_name() -> str:
    """Return the project's name, which every key of its settings starts with."""
    return stack_file.load(ROOT / "Pulumi.yaml")["name"]


def full_key(key: str) -> str:
    """Put the project's name before a key that has no namespace, as the Pulumi CLI does."""
    return key if ":" in key else f"{project_name()}:{key}"


def read_settings(stack: str) -> Settings:
    """A stack's settings as the program itself would read them.

    Raises:
        Failure: a setting in the stack's file is encrypted.
        Misuse: there is no such stack file.
        SettingsError: a setting cannot work.
    """
    runtime_settings.configure(runtime_settings.Settings(project=project_name(), stack=stack))
    _configure(read_config(stack), stack)
    return configuration.load()


def evaluate(
    stack: str,
    mocks: Mocks,
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Run the program for one stack.

    Args:
        stack: names the ``Pulumi.<stack>.yaml`` to read.
        mocks: take the provider's place: resources become what they return.
        overrides: configuration that replaces or joins the stack's own, by full key or, for
            settings of the project, by its name alone; None removes a key.

    Returns:
        The stack's outputs.

    Raises:
        Failure: a setting in the stack's file is encrypted.
        Misuse: there is no such stack file.
    """
    given = {full_key(key): value for key, value in (overrides or {}).items()}
    config = {**read_config(stack), **given}
    outputs: dict[str, Any] = {}

    def run() -> pulumi.Output[None]:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
        root = cast("pulumi.runtime.stack.Stack", runtime_settings.get_root_resource())
        return pulumi.Output.all(**root.outputs).apply(outputs.update)

    awaited = cast("Callable[[Callable[[], Any]], Callable[[], None]]", pulumi.runtime.test)
    _configure(config, stack)
    runtime_settings.reset_options()
    try:
        set_mocks(mocks, project_name(), stack, preview=False, logger=_quiet())
        awaited(run)()
    finally:
        # Or the process's next resources would register with these mocks, below this program's
        # root, which may never have been registered itself.
        runtime_settings.reset_options()
    return outputs


def is_encrypted(value: Any) -> bool:
    """Return whether a value, or a part of it, was set with ``pulumi config set --secret``."""
    if isinstance(value, list):
        return any(map(is_encrypted, cast("list[Any]", value)))
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value)
        return set(parts) == {"secure"} or any(map(is_encrypted, parts.values()))
    return False


def _quiet() -> logging.Logger:
    """Pulumi's mock engine logs each failure with its stack; the exception says it already."""
    logger = logging.getLogger("local.pulumi")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def _configure(config: Mapping[str, Any], stack: str) -> None:
    """Hand the configuration to Pulumi.

    Raises:
        Failure: a value that the program reads is encrypted. Others may be, such as AWS keys.
    """
    for key, value in config.items():
        if key.startswith((full_key(""), "aws:endpoints")) and is_encrypted(value):
            raise Failure(
                f"{key} in Pulumi.{stack}.yaml is encrypted, and only the Pulumi engine can "
                f"decrypt it; store it as plain text: `pulumi config set --stack {stack} "
                f"--plaintext {key} VALUE`."
            )
    pulumi.runtime.set_all_config({k: _text(v) for k, v in config.items() if v is not None})


def _text(value: Any) -> str:
    """A configuration value as the engine passes it: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
