"""Pulumi's ResourceProvider service over the embedded AWS.

The engine asks what an update would do to a resource (``Check``, ``Diff``) and has it done
(``Create``, ``Read``, ``Update``, ``Delete``) by ``local/resources``. Besides a resource's own
outputs, its state has the embedded AWS's description of it from right after it was written, so that
a refresh finds changes that somebody else has made since.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import grpc
from google.protobuf import json_format, struct_pb2
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import rpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from local import lookups
from local.deploy import context_of, function_code
from local.provider.replacements import autoname, forced_by, name_input
from local.resources import registry
from local.resources.calls import REFUSALS
from local.resources.kind import Context
from local.server import Server
from terminal import Failure

CODE: Final = "EMBEDDED_FUNCTION_CODE"
"""Environment variable: path of a bundle for this machine, used instead of the one that the
program builds for Lambda; for example, a bundle of another release than this provider's."""

WRITTEN: Final = "__written"
"""Output with the embedded AWS's description of a resource after it was created or updated."""

NAME: Final = "__name"
"""Output that holds the name by which the embedded AWS finds a resource without one in AWS, such as
a distribution: the one that it was created under, whatever the program calls it since."""

DRIFT: Final = "__drift"
"""Output that names the differences from ``WRITTEN`` when the resource was last read."""

_DEFAULTS: Final = "__defaults"
"""Input that names the inputs which the provider has given, as pulumi-terraform-bridge has it."""

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key that marks an asset or archive among properties (pulumi/sdk, go/common/resource/sig)."""

_Diff = provider_pb2.DiffResponse


def _told(method: Callable[..., Any]) -> Callable[..., Any]:
    """Report a failure's message to the engine, not its traceback."""

    @wraps(method)
    def tell(self: "Provider", request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request)
        except (Failure, *REFUSALS) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return tell


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one run of the engine. Its methods are the service's, by their names."""

    _context: Context

    @_told
    def Handshake(self, _request: Any) -> Any:  # noqa: N802 - the service's own names
        """Say what this provider can do."""
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    @_told
    def Attach(self, _request: Any) -> Any:  # noqa: N802
        """Serve an engine that has not started this process (PULUMI_DEBUG_PROVIDERS)."""
        return Empty()

    @_told
    def GetPluginInfo(self, _request: Any) -> Any:  # noqa: N802
        """Tell the version of the provider that this one stands for: that of the SDK."""
        return plugin_pb2.PluginInfo(version=version("pulumi-aws"))

    @_told
    def CheckConfig(self, request: Any) -> Any:  # noqa: N802
        """Take the configuration as it is."""
        return provider_pb2.CheckResponse(inputs=request.news)

    @_told
    def DiffConfig(self, _request: Any) -> Any:  # noqa: N802
        """Replace no resource because of another endpoint or key."""
        return _Diff(changes=_Diff.DIFF_NONE)

    @_told
    def Configure(self, request: Any) -> Any:  # noqa: N802
        """Connect to the embedded AWS, whose address ``aws:endpoints`` has."""
        given = _plain(request.args).get("endpoints")
        if not given:
            raise Failure("aws:endpoints names no embedded AWS; this provider knows no other.")
        (endpoints,) = cast("list[dict[str, str]]", json.loads(given))
        port = urlsplit(endpoints["s3"]).port or 0
        self._context = context_of(Server(folder=Path(), port=port, pid=0), _code_of)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @_told
    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Answer a provider function."""
        found = lookups.answer(self._context, request.tok, _plain(request.args))
        answer = provider_pb2.InvokeResponse()
        getattr(answer, "return").CopyFrom(_struct(found))
        return answer

    @_told
    def Check(self, request: Any) -> Any:  # noqa: N802
        """Name a resource that the program does not name, as it was named before if it was."""
        type_, name = _type_and_name(request.urn)
        inputs, before = _plain(request.news), _plain(request.olds)
        key = name_input(type_)
        if key and key not in inputs:
            kept = before.get(key) if key in before.get(_DEFAULTS, []) else None
            digits = request.randomSeed.hex()[:7]
            inputs[key] = kept or autoname(type_, name, digits)
            inputs[_DEFAULTS] = [key]
        return provider_pb2.CheckResponse(inputs=_struct(inputs))

    @_told
    def Diff(self, request: Any) -> Any:  # noqa: N802
        """Compare inputs; changes of some can only be made by a replacement.

        A resource that the program names itself is deleted before its replacement is created,
        because two cannot have the same name.
        """
        type_, _name = _type_and_name(request.urn)
        before, after = (_comparable(_plain(p)) for p in (request.old_inputs, request.news))
        keys = sorted({*before, *after} - {_DEFAULTS})  # who gave the name makes no difference
        changed = [key for key in keys if before.get(key) != after.get(key)]
        changed = [key for key in changed if key not in request.ignoreChanges]
        changed += _plain(request.olds).get(DRIFT, [])
        return _Diff(
            changes=_Diff.DIFF_SOME if changed else _Diff.DIFF_NONE,
            diffs=changed,
            replaces=forced_by(type_, before, after),
            deleteBeforeReplace=name_input(type_) in after and _DEFAULTS not in after,
        )

    @_told
    def Create(self, request: Any) -> Any:  # noqa: N802
        """Create a resource."""
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        id_, state = self._put(_type_and_name(request.urn), request.properties)
        return provider_pb2.CreateResponse(id=id_, properties=state)

    @_told
    def Update(self, request: Any) -> Any:  # noqa: N802
        """Change a resource."""
        if request.preview:
            return provider_pb2.UpdateResponse(properties=request.news)
        type_, name = _type_and_name(request.urn)
        name = _plain(request.olds).get(NAME, name)
        return provider_pb2.UpdateResponse(properties=self._put((type_, name), request.news)[1])

    @_told
    def Read(self, request: Any) -> Any:  # noqa: N802
        """Return a resource's present state, with the differences from when it was written."""
        (type_, _name), state = _type_and_name(request.urn), _plain(request.properties)
        found = registry.read(self._context, type_, request.id, state)
        if found is None:
            return provider_pb2.ReadResponse()
        written = state.get(WRITTEN, found)
        drift = sorted(k for k in {*written, *found} if written.get(k) != found.get(k))
        state = {k: v for k, v in state.items() if k != DRIFT} | ({DRIFT: drift} if drift else {})
        return provider_pb2.ReadResponse(
            id=request.id, properties=_struct(state), inputs=request.inputs
        )

    @_told
    def Delete(self, request: Any) -> Any:  # noqa: N802
        """Delete a resource; one that is gone already is deleted."""
        (type_, _name), state = _type_and_name(request.urn), _plain(request.properties)
        registry.delete(self._context, type_, request.id, _plain(request.old_inputs), state)
        return Empty()

    @_told
    def Cancel(self, _request: Any) -> Any:  # noqa: N802
        """Let running requests end; each is short."""
        return Empty()

    def _put(
        self, resource: tuple[str, str], properties: struct_pb2.Struct
    ) -> tuple[str, struct_pb2.Struct]:
        """Create or change a resource, by its type and name; return its id and its new state."""
        type_, name = resource
        values = cast("dict[str, Any]", rpc.deserialize_properties(properties))
        named = values.pop(_DEFAULTS, [])
        made = registry.put(self._context, type_, values.pop(named[0]) if named else name, values)
        state = _plain(properties) | made.outputs | {NAME: name}
        state[WRITTEN] = registry.read(self._context, type_, made.id, state)
        return made.id, _struct(state)


def _type_and_name(urn: str) -> tuple[str, str]:
    types, name = urn.split("::", 3)[2:]
    return types.rpartition("$")[2], name


def _plain(properties: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(properties)


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(json.loads(json.dumps(values)))
    return struct


def _comparable(value: Any) -> Any:
    """Normalise values whose differences do not matter: paths of files, and the layout of JSON."""
    if isinstance(value, str) and value.startswith("{"):
        with suppress(ValueError):
            return json.loads(value)
    if isinstance(value, Mapping):
        values = cast("Mapping[str, Any]", value)
        if _SIGNATURE in values and "hash" in values:
            return values["hash"]
        return {key: _comparable(item) for key, item in values.items() if item is not None}
    if isinstance(value, list):
        return [_comparable(item) for item in cast("list[Any]", value)]
    return value


def _code_of(package: str) -> bytes:
    """Return a package's bundle; the resizer's from the file that the environment names, if any."""
    given = os.environ.get(CODE) if package == "function" else None
    return Path(given).read_bytes() if given else function_code(package)
