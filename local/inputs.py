"""A resource's inputs, each of which must be used: one that is ignored here is an error."""

from collections.abc import Mapping
from typing import Any, cast

from terminal import Failure

_ACRONYMS = {
    "id": "ID",
    "sseAlgorithm": "SSEAlgorithm",
    "kmsMasterKeyId": "KMSMasterKeyID",
    "okActions": "OKActions",
}
"""Pulumi's spelling to AWS's, where capitalising the first letter is not enough."""


class Inputs:
    """Inputs of one resource as Pulumi passes them (camelCase), taken one by one."""

    def __init__(self, resource: str, values: Mapping[str, Any]) -> None:
        self.resource = resource
        self._left = {key: _whole(value) for key, value in values.items() if value is not None}

    def take(self, key: str, default: Any = None) -> Any:
        """Return an input and count it as used."""
        return self._left.pop(key, default)

    def need(self, key: str) -> Any:
        """Return an input that has to be there.

        Raises:
            Failure: it is not.
        """
        if key not in self._left:
            raise Failure(f"{self.resource} has no input {key!r}, which AWS requires.")
        return self._left.pop(key)

    def expect(self, key: str, value: Any) -> None:
        """Use up an input that the embedded AWS can only honour at one value.

        Raises:
            Failure: it has another value.
        """
        got = self._left.pop(key, value)
        if got != value:
            raise Failure(
                f"{self.resource} sets {key} to {got!r}; the embedded AWS knows only {value!r}."
            )

    def done(self) -> None:
        """Check that every input was used.

        Raises:
            Failure: one was not.
        """
        if self._left:
            raise Failure(
                f"{self.resource} sets {min(self._left)!r}, which the embedded AWS does not "
                "know; teach it in local/resources."
            )


def to_aws(value: Any) -> Any:
    """Translate nested inputs to the spelling of S3's API; boto3 refuses what it does not know."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        return {
            _ACRONYMS.get(key, key[:1].upper() + key[1:]): to_aws(item)
            for key, item in items.items()
            if item is not None
        }
    if isinstance(value, list):
        return [to_aws(item) for item in cast("list[Any]", value)]
    return value


def _whole(value: Any) -> Any:
    """Undo Pulumi's wire format, which knows floating-point numbers only."""
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_whole(item) for item in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value
