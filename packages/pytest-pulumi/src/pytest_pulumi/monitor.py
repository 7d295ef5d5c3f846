"""The engine's side of a program: answers its requests, and remembers what it registered."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from google.protobuf.json_format import MessageToDict

from pytest_pulumi import sdk, urns
from pytest_pulumi.cloud import Cloud
from pytest_pulumi.errors import PulumiTestError
from pytest_pulumi.program import Message
from pytest_pulumi.registration import read, registered
from pytest_pulumi.resource import Resource
from pytest_pulumi.transforms import Transforms
from pytest_pulumi.values import KIND, SECRET, Properties, decode, encode

REFERENCE_TYPE = "pulumi:pulumi:StackReference"


class Monitor:
    """Implements the service ``ResourceMonitor`` of the engine's protocol, whose names it bears.

    The SDK calls it from several threads at once.
    """

    def __init__(self, *, project: str, stack: str, cloud: Cloud, preview: bool) -> None:
        self.transforms = Transforms()
        self.messages: list[Message] = []
        self.stack_outputs: Mapping[str, Any] = {}
        self._project, self._stack = project, stack
        self._cloud, self._preview = cloud, preview
        self._resources: dict[str, Resource] = {}
        self._aliases: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All resources so far, parents before children."""
        with self._lock:
            return tuple(self._resources.values())

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        """Register a resource or component, after its transforms."""
        urn = self._urn(request)
        declared = decode(MessageToDict(request.object)).values
        ran = self.transforms.run(urn, request)
        with self._lock:
            aliases = urns.aliases(urn, request.parent, request.aliases, self._aliases)
            self._aliases[urn] = aliases
        resource = registered(urn, request, aliases, declared, ran)
        state = MessageToDict(request.object)
        if resource.custom and not self._preview:
            answers = self._cloud.outputs_of(resource)
            state |= {"id": request.importId or f"{resource.name}-id"} | encode(answers)
        for key in resource.additional_secret_outputs:
            if key in state:
                state[key] = {KIND: SECRET, "value": state[key]}
        self._remember(self._with_outputs(resource, state))
        id_ = str(state.pop("id", "")) if resource.custom else ""
        answer = sdk.PROTOCOL.RegisterResourceResponse(urn=urn, id=id_)
        answer.object.update(state)
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Remember the outputs of a component or of the stack."""
        outputs = MessageToDict(request.outputs)
        with self._lock:
            resource = self._with_outputs(self._resources[request.urn], outputs)
            self._resources[request.urn] = resource
        if resource.type == urns.ROOT_TYPE:
            self.stack_outputs = outputs
        return sdk.Empty()

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """Read a resource that exists already, or the outputs of another stack."""
        urn = self._urn(request)
        resource = read(urn, request)
        state = MessageToDict(request.properties)
        if resource.type == REFERENCE_TYPE:
            state |= self._reference(request.id)
        else:
            state |= encode(self._cloud.outputs_of(resource))
        self._remember(self._with_outputs(resource, state | {"id": request.id}))
        answer = sdk.PROTOCOL.ReadResourceResponse(urn=urn)
        answer.properties.update(state)
        return answer

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Call a provider's function."""
        arguments = self.transforms.run_on_invoke(request.tok, request.args)
        given = decode(MessageToDict(arguments)).values
        if request.tok == "pulumi:pulumi:getResource":
            answers: Mapping[str, Any] = self._state(given["urn"])
        else:
            answers = self._cloud.invoke(request.tok, given)
        response = sdk.PROTOCOL.ResourceInvokeResponse()
        getattr(response, "return").update(encode(answers))
        return response

    def Call(self, request: Any) -> Any:  # noqa: N802
        """Call a method of a resource: answered as a provider's function is."""
        answers = self._cloud.invoke(request.tok, decode(MessageToDict(request.args)).values)
        response = sdk.CALL_RESPONSE()
        getattr(response, "return").update(encode(answers))
        return response

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802
        """Remember a transform of the whole stack."""
        self.transforms.add_for_stack(request)
        return sdk.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: N802
        """Remember a transform of all calls of providers' functions."""
        self.transforms.add_for_invokes(request)
        return sdk.Empty()

    def RegisterResourceHook(self, _request: Any) -> Any:  # noqa: N802
        """Accept a hook, which is never run: nothing is created, changed or deleted."""
        return sdk.Empty()

    RegisterErrorHook = RegisterResourceHook

    def RegisterPackage(self, request: Any) -> Any:  # noqa: N802
        """Accept a parameterized package."""
        return sdk.PROTOCOL.RegisterPackageResponse(ref=f"{request.name}@{request.version}")

    def GetDeploymentInfo(self, _request: Any) -> Any:  # noqa: N802
        """Tell what is provided."""
        return sdk.PROTOCOL.DeploymentInfo(supportedFeatures=sdk.FEATURES)

    def SignalAndWaitForShutdown(self, _request: Any) -> Any:  # noqa: N802
        """Take notice that the program ends."""
        return sdk.Empty()

    def ExistsResource(self, request: Any) -> Any:  # noqa: N802
        """Refuse: the kit knows no resources that a program did not make."""
        raise PulumiTestError(
            f"The program asks whether {request.type} {request.id} exists, which pytest-pulumi "
            f"cannot answer; replace pulumi.runtime.exists_resource by monkeypatch."
        )

    def Log(self, request: Any) -> Any:  # noqa: N802 (of the service ``Engine``)
        """Remember what the program logs."""
        severity = sdk.SEVERITIES[request.severity]
        if severity != "debug":
            self.messages.append(Message(severity, request.message))
        return sdk.Empty()

    def _with_outputs(self, resource: Resource, state: Mapping[str, Any]) -> Resource:
        found = decode(state)
        return replace(resource, outputs=found.values, secret_outputs=frozenset(found.secrets))

    def _remember(self, resource: Resource) -> None:
        with self._lock:
            other = self._resources.get(resource.urn)
            if other is not None:
                raise PulumiTestError(
                    f"Two resources have the URN {resource.urn}: made at {other.source or '?'} and "
                    f"at {resource.source or '?'}; give one of them another name."
                )
            self._resources[resource.urn] = resource

    def _reference(self, name: str) -> dict[str, Any]:
        outputs = encode(self._cloud.outputs_of_stack(name))
        secret = sorted(decode(outputs).secrets)
        return {"name": name, "outputs": outputs, "secretOutputNames": secret}

    def _state(self, urn: str) -> dict[str, Any]:
        with self._lock:
            resource = self._resources.get(urn)
        if resource is None:
            raise PulumiTestError(f"The program looks for {urn}, which it has not made.")
        state = Properties(resource.outputs)
        return {"urn": urn, "id": state.pop("id", ""), "state": state}

    def _urn(self, request: Any) -> str:
        return urns.make(self._stack, self._project, request.parent, request.type, request.name)
