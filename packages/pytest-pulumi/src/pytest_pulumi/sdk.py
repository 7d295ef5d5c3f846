"""Everything that the kit takes from ``pulumi.runtime``, and nothing else imports from there.

No name here starts with an underscore. ``pulumi.runtime.__all__`` lists ``Settings``,
``configure``, ``run_in_stack`` and ``set_all_config``: Pulumi's own language host starts programs
with them. ``pulumi.runtime.proto`` is generated from the engine's published protocol
(pulumi/pulumi, ``proto/pulumi/*.proto``), which the engine and the SDK speak across versions.
"""

from typing import Any, Final, cast

import grpc

from pytest_pulumi.errors import UnsupportedSdkError

try:
    from google.protobuf.empty_pb2 import Empty
    from google.protobuf.struct_pb2 import Struct
    from pulumi.output import contains_unknowns
    from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
    from pulumi.runtime.proto import callback_pb2 as _callback
    from pulumi.runtime.proto import callback_pb2_grpc as _callback_grpc
    from pulumi.runtime.proto import engine_pb2 as _engine
    from pulumi.runtime.proto import provider_pb2 as _provider
    from pulumi.runtime.proto import resource_pb2 as _resource
except ImportError as error:
    raise UnsupportedSdkError(
        f"pytest-pulumi needs a Pulumi SDK of version 3.270 or later, and this one lacks a name "
        f"({error}); upgrade it: pip install --upgrade pulumi."
    ) from error

__all__ = [
    "CALL_RESPONSE",
    "FEATURES",
    "PROTOCOL",
    "SEVERITIES",
    "Empty",
    "Settings",
    "Struct",
    "configure",
    "contains_unknowns",
    "invoke_callback",
    "run_in_stack",
    "set_all_config",
]

PROTOCOL: Final = cast("Any", _resource)
"""The messages of ``resource.proto``; Any, as their stubs name modules that do not exist."""

CALL_RESPONSE: Final = cast("Any", _provider).CallResponse

_PROVIDED: Final = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "ALIAS_SPECS",
    "REPLACEMENT_TRIGGER",
    "DELETED_WITH",
    "REPLACE_WITH",
    "TRANSFORMS",
    "INVOKE_TRANSFORMS",
    "PARAMETERIZATION",
    "RESOURCE_HOOKS",
    "ERROR_HOOKS",
)

FEATURES: Final = [
    value
    for name, value in PROTOCOL.ResourceMonitorFeature.items()
    if name.removeprefix("RESOURCE_MONITOR_FEATURE_") in _PROVIDED
]
"""Features that the kit's monitor supports.

Output values are left out, so that inputs arrive as plain values. So are state migrations, which
need a state."""

SEVERITIES: Final = cast(
    "dict[int, str]",
    {number: name.lower() for name, number in cast("Any", _engine).LogSeverity.items()},
)


def invoke_callback(channel: grpc.Channel, token: str, request: Any, response: Any) -> Any:
    """Return what a function of the program answers, which the SDK serves under a token.

    Raises:
        grpc.RpcError: the function raised; the details are its message and traceback.
    """
    stub = cast("Any", _callback_grpc).CallbacksStub(channel)
    message = cast("Any", _callback).CallbackInvokeRequest(
        token=token, request=request.SerializeToString()
    )
    return response.FromString(stub.Invoke(message).response)
