"""Transforms of a program, run in the engine's order.

A resource's own come first, then its parents', then the stack's; each sees what the one before
made. The rules are those of pulumi/pulumi, ``pkg/resource/deploy/source_eval.go``
(``RegisterResource``, ``wrapTransformCallback``), read at version 3.274.1.
"""

import threading
from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict

from pytest_pulumi import sdk, values

_OPTIONS = {
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "version": "version",
    "aliases": "aliases",
    "provider": "provider",
    "providers": "providers",
    "customTimeouts": "custom_timeouts",
    "pluginDownloadURL": "plugin_download_url",
    "retainOnDelete": "retain_on_delete",
    "deletedWith": "deleted_with",
    "additionalSecretOutputs": "additional_secret_outputs",
    "protect": "protect",
    "importId": "import",
    "dependencies": "depends_on",
}
"""Fields of a registration, and the options that a transform sees them as."""


class Transforms:
    """The transforms of one evaluation."""

    def __init__(self) -> None:
        self._of_resource: dict[str, list[Any]] = {}
        self._of_stack: list[Any] = []
        self._of_invokes: list[Any] = []
        self._parents: dict[str, str] = {}
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def add_for_stack(self, callback: Any) -> None:
        """Run a transform on every resource that is registered from now on."""
        self._of_stack.append(callback)

    def add_for_invokes(self, callback: Any) -> None:
        """Run a transform on every call of a provider's function from now on."""
        self._of_invokes.append(callback)

    def run(self, urn: str, registration: Any) -> int:
        """Change a registration to what its transforms make of it; return how many ran."""
        with self._lock:
            self._of_resource[urn] = list(registration.transforms)
            self._parents[urn] = registration.parent
            callbacks = [*self._own_and_above(urn), *self._of_stack]
        if not callbacks:
            return 0
        own = bool(registration.transforms)
        if own:
            _upgrade(registration)
        options = _options(registration)
        for callback in callbacks:
            request = sdk.PROTOCOL.TransformRequest(
                type=registration.type,
                name=registration.name,
                custom=registration.custom,
                parent=registration.parent,
                properties=registration.object,
                options=options,
            )
            answer = self._call(callback, request, sdk.PROTOCOL.TransformResponse)
            if answer.HasField("properties"):
                registration.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                options = answer.options
        _apply(registration, options)
        _downgrade(registration, own=own)
        return len(callbacks)

    def run_on_invoke(self, token: str, arguments: Any) -> Any:
        """Return the arguments of a call as the stack's transforms make them."""
        for callback in self._of_invokes:
            request = sdk.PROTOCOL.TransformInvokeRequest(token=token, args=arguments)
            answer = self._call(callback, request, sdk.PROTOCOL.TransformInvokeResponse)
            arguments = answer.args if answer.HasField("args") else arguments
        return arguments

    def close(self) -> None:
        """Close the connections to the program's functions."""
        for channel in self._channels.values():
            channel.close()

    def _own_and_above(self, urn: str) -> Iterable[Any]:
        while urn:
            yield from self._of_resource.get(urn, [])
            urn = self._parents.get(urn, "")

    def _call(self, callback: Any, request: Any, response: Any) -> Any:
        with self._lock:
            if callback.target not in self._channels:
                self._channels[callback.target] = grpc.insecure_channel(callback.target)
        channel = self._channels[callback.target]
        return sdk.invoke_callback(channel, callback.token, request, response)


def _upgrade(registration: Any) -> None:
    """Make Outputs of the inputs that come from other resources, as the engine does.

    So a resource's transform that treats such an input as a plain value fails here too.
    """
    inputs = MessageToDict(registration.object)
    for key, found in registration.propertyDependencies.items():
        if found.urns:
            inputs[key] = values.as_output(inputs[key], frozenset(found.urns))
    registration.object.Clear()
    registration.object.update(inputs)


def _options(registration: Any) -> Any:
    options = sdk.PROTOCOL.TransformResourceOptions()
    for field, option in _OPTIONS.items():
        _copy(registration, field, options, option)
    if registration.deleteBeforeReplaceDefined:
        options.delete_before_replace = registration.deleteBeforeReplace
    return options


def _apply(registration: Any, options: Any) -> None:
    for field, option in _OPTIONS.items():
        registration.ClearField(field)
        _copy(options, option, registration, field)
    registration.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")
    registration.deleteBeforeReplace = options.delete_before_replace


def _copy(source: Any, name: str, target: Any, as_name: str) -> None:
    if name not in {field.name for field, _value in source.ListFields()}:
        return
    value = getattr(source, name)
    if hasattr(value, "MergeFrom"):
        getattr(target, as_name).MergeFrom(value)
    else:
        setattr(target, as_name, value)


def _downgrade(registration: Any, *, own: bool) -> None:
    """Make plain values of Outputs; after its own transforms, only they tell the dependencies."""
    inputs = MessageToDict(registration.object)
    if own:
        registration.ClearField("propertyDependencies")
        for key, value in inputs.items():
            urns = sorted(set(values.output_dependencies(value)))
            registration.propertyDependencies[key].urns.extend(urns)
    registration.object.Clear()
    registration.object.update(values.without_outputs(inputs))
