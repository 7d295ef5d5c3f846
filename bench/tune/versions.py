"""Temporary versions of a deployed function, one for each memory size, deleted afterwards."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import botocore.exceptions

from bench.signals import uninterrupted


@contextmanager
def published(
    lambda_: Any, function: str, sizes: Sequence[int], left: Callable[[str], None]
) -> Generator[dict[int, str]]:
    """Publish one version for each size; yield size -> version.

    ``$LATEST`` itself has each size for the seconds that its version takes, which the queue's
    invocations see; its own size is restored before the block runs. Every way out of the block
    deletes the versions, Ctrl-C included, which waits until that is done. ``left`` is told, in a
    sentence, of what could not be put right.
    """
    before = lambda_.get_function_configuration(FunctionName=function)["MemorySize"]
    versions: dict[int, str] = {}
    try:
        try:
            for size in sizes:
                _resize(lambda_, function, size)
                versions[size] = _publish(lambda_, function, size)
        finally:
            command = f"update-function-configuration --function-name {function}"
            with uninterrupted(), _or_tell(left, f"{command} --memory-size {before}"):
                _resize(lambda_, function, before)
        yield versions
    finally:
        with uninterrupted():
            for version in versions.values():
                command = f"delete-function --function-name {function} --qualifier {version}"
                with _or_tell(left, command):
                    lambda_.delete_function(FunctionName=function, Qualifier=version)


def _resize(lambda_: Any, function: str, size: int) -> None:
    lambda_.update_function_configuration(FunctionName=function, MemorySize=size)
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)


def _publish(lambda_: Any, function: str, size: int) -> str:
    answer = lambda_.publish_version(FunctionName=function, Description=f"bench aws: {size} MB")
    version = str(answer["Version"])
    lambda_.get_waiter("published_version_active").wait(FunctionName=function, Qualifier=version)
    return version


@contextmanager
def _or_tell(left: Callable[[str], None], command: str) -> Generator[None]:
    try:
        yield
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        left(f"Cleaning up failed ({error}); do it with: aws lambda {command}")
