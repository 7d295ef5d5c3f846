"""A resource's inputs, each of which must be used: one that is ignored here is an error."""

from collections.abc import Mapping
from typing import Any, cast

from terminal import Failure


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

    def needs(self, *keys: str) -> dict[str, Any]:
        """Return several inputs that have to be there, by their names.

        Raises:
            Failure: one is not.
        """
        return {key: self.need(key) for key in keys}

    def rest(self) -> dict[str, Any]:
        """Return all inputs that are left, for a call that refuses what it does not know."""
        left, self._left = self._left, {}
        return left

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


def to_aws(shape: Any, value: Any) -> Any:
    """Translate nested inputs to the spelling of AWS's API.

    Names differ in their capitals. The provider for AWS also makes one value of a list that takes
    only one, and a list of a structure that has only one. Inputs that fit no shape stay unchanged,
    and boto3 refuses them.

    Args:
        shape: botocore's model of what the API takes.
        value: the inputs; names in AWS's spelling stay unchanged.
    """
    if shape.type_name == "list":
        items = cast("list[Any]", value if isinstance(value, list) else [value])
        return [to_aws(shape.member, item) for item in items]
    if shape.type_name != "structure":
        return value
    members: dict[str, Any] = shape.members
    lists = [name for name, member in members.items() if member.type_name == "list"]
    if isinstance(value, list) and len(lists) == 1:
        value = {lists[0]: cast("list[Any]", value)}
    if not isinstance(value, Mapping):
        return cast("Any", value)
    names = {name.lower(): name for name in members}
    translated: dict[str, Any] = {}
    for key, item in cast("Mapping[str, Any]", value).items():
        name = names.get(key.lower()) or names.get(f"{key.lower()}s", key)
        if item is not None:
            translated[name] = to_aws(members[name], item) if name in members else item
    if "Quantity" in members:  # CloudFront counts its lists
        translated["Quantity"] = len(translated.get("Items", []))
    return translated


def _whole(value: Any) -> Any:
    """Undo Pulumi's wire format, which knows floating-point numbers only."""
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_whole(item) for item in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value
