"""The provider that the Pulumi engine starts for a program that makes the component."""

import sys
from collections.abc import Iterator
from typing import Any, Final, cast

import pulumi
from pulumi.provider import server
from pulumi.provider.experimental.analyzer import (
    PropertyDefinition,
    PropertyType,
    TypeDefinition,
)
from pulumi.provider.experimental.component import ComponentProvider

from image_pipeline import VERSION
from image_pipeline.component import ImagePipeline

NAME: Final = "image-pipeline"
"""Name of the package: its types are ``image-pipeline:index:ImagePipeline`` and so on."""

NAMESPACE: Final = "pulumi"
"""Start of the names of the SDKs, such as ``pulumi_image_pipeline``.

The engine takes the same for a package without one, except from git: there it takes the owner in
the repository's address, so that a program would have other imports. It fails if a package cannot
be named so (pulumi/pulumi v3.274.1, ``pkg/cmd/pulumi/packages/packages.go``, ``setSpecNamespace``).
"""

_LARGEST: Final = 2**53
"""Whole numbers up to here are exact in the engine's protocol, which has floating point alone."""


class Provider(ComponentProvider):
    """The SDK's component provider, whose errors are one sentence that names the argument."""

    def __init__(self) -> None:
        super().__init__([ImagePipeline], NAME, NAMESPACE, VERSION)

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> Any:
        """Make the component; show errors that its user can fix as one sentence only."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except server.ComponentInitError as error:
            if isinstance(error.inner, pulumi.RunError):
                raise _problem(str(error.inner)) from None
            raise

    def map_input_properties(
        self,
        inputs: pulumi.Inputs,
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> pulumi.Inputs:
        """Rename the properties of an object as Python has them.

        Raises:
            pulumi.InputPropertiesError: it is no object, or a property is unknown, which the SDK
                drops without a word, or missing, or an output where a plain value must be, or no
                number.
        """
        given: object = inputs
        if not isinstance(given, dict):
            names = ", ".join(properties)
            raise _problem(f"{property_path} must be an object with {names}; got {given!r}.")
        start = f"{property_path}." if property_path else ""
        for name, value in inputs.items():
            if name not in properties:
                raise _problem(f"{start}{name} is unknown; there are {', '.join(properties)}.")
            for path in _outputs(f"{start}{name}", value, properties[name]):
                raise _problem(
                    f"{path} must be a plain value, because a preview has to know it; got an "
                    "output or a secret."
                )
            if properties[name].type == PropertyType.INTEGER and not _is_number(value):
                raise _problem(f"{start}{name} must be a whole number; got {value!r}.")
        for name, definition in properties.items():
            if not definition.optional and inputs.get(name) is None:
                raise _problem(f"{start}{name} is missing; set it.")
        return super().map_input_properties(
            inputs, properties, mapping, component_name, property_path
        )

    def get_type_definition(self, prop: PropertyDefinition) -> TypeDefinition | None:
        """Return the definition of an object's type, and none of an enumeration's.

        ``settings_of`` reads enumerations: the SDK (3.272) makes empty mappings of those in a list.
        """
        definition = super().get_type_definition(prop)
        return None if definition and definition.enum else definition


def _problem(sentence: str) -> pulumi.InputPropertiesError:
    """Return the error that the engine shows as it is, unlike any other: without a class's name."""
    return pulumi.InputPropertiesError(sentence, [])


def _outputs(path: str, value: object, definition: PropertyDefinition) -> Iterator[str]:
    """Yield where a property has an output or a secret but must be plain.

    The properties of an object have separate definitions, which the SDK passes with them.
    """
    if isinstance(value, pulumi.Output):
        if definition.plain:
            yield path
    elif isinstance(value, list) and definition.items:
        for index, item in enumerate(cast("list[object]", value)):
            yield from _outputs(f"{path}[{index}]", item, definition.items)
    elif isinstance(value, dict) and definition.additional_properties:
        for key, item in cast("dict[str, object]", value).items():
            yield from _outputs(f"{path}.{key}", item, definition.additional_properties)


def _is_number(value: object) -> bool:
    """Return whether the SDK can make a whole number of a value, which has then its own check."""
    return value is None or (isinstance(value, int | float) and abs(value) < _LARGEST)


class Servicer(server.ProviderServicer):
    """The SDK's servicer, whose errors are one sentence also if only an output brings them up."""

    async def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        """Make the component; see ``Provider.construct``.

        An error that its user can fix, but that is only known after the constructor has returned,
        such as that of an argument that is an output, would be shown with the class of the
        exception.
        """
        try:
            return await super().Construct(request, context)
        except pulumi.RunError as error:
            status = self.create_grpc_invalid_properties_status(str(error), [])
            await context.abort_with_status(status)
            raise  # the line above has raised already


def main() -> None:
    """Serve the provider until the engine ends it."""
    server.ProviderServicer = Servicer  # the SDK has no other way to name one
    server.main(Provider(), sys.argv[1:])


if __name__ == "__main__":
    main()
