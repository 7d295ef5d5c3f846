"""The provider that the Pulumi engine starts for a program that makes the component."""

import sys
from typing import Any, Final

import pulumi
from pulumi.provider import main as serve
from pulumi.provider.experimental.analyzer import PropertyDefinition, TypeDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

from image_pipeline import VERSION
from image_pipeline.component import ImagePipeline

NAME: Final = "image-pipeline"
"""Name of the package: its types are ``image-pipeline:index:ImagePipeline`` and so on."""


class Provider(ComponentProvider):
    """The SDK's component provider, whose errors are one sentence that names the argument."""

    def __init__(self) -> None:
        super().__init__([ImagePipeline], NAME, version=VERSION)

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> Any:
        """Make the component; what its user can put right is one sentence, without a traceback."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
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
                drops without a word, or an output where a plain value must be.
        """
        given: object = inputs
        if not isinstance(given, dict):
            names = ", ".join(properties)
            raise _problem(f"{property_path} must be an object with {names}; got {given!r}.")
        for name, value in inputs.items():
            path = f"{property_path}.{name}" if property_path else name
            if name not in properties:
                raise _problem(f"{path} is unknown; there are {', '.join(properties)}.")
            if properties[name].plain and isinstance(value, pulumi.Output):
                raise _problem(
                    f"{path} decides which resources there are, so it must be a plain value; got "
                    "an output or a secret."
                )
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


def main() -> None:
    """Serve the provider until the engine ends it."""
    serve(Provider(), sys.argv[1:])


if __name__ == "__main__":
    main()
