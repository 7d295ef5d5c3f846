"""Read a ``Resource`` from a request of the engine's protocol."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from google.protobuf.json_format import MessageToDict

from pytest_pulumi.resource import Resource
from pytest_pulumi.values import Properties, decode


def registered(
    urn: str, request: Any, aliases: tuple[str, ...], declared: Properties, transforms: int
) -> Resource:
    """Return the resource that a registration asks for, without its outputs."""
    found = decode(MessageToDict(request.object))
    depends = {
        key: frozenset(dependencies.urns)
        for key, dependencies in request.propertyDependencies.items()
        if dependencies.urns
    }
    return Resource(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=found.values,
        secrets=frozenset(found.secrets),
        unknowns=frozenset(found.unknowns),
        declared_inputs=declared,
        transforms=transforms,
        parent=request.parent,
        dependencies=frozenset(request.dependencies).union(*depends.values()),
        property_dependencies=depends,
        provider=_urn_of(request.provider),
        providers={key: _urn_of(value) for key, value in request.providers.items()},
        protect=request.protect,
        aliases=aliases,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        import_id=request.importId,
        custom_timeouts=MessageToDict(request.customTimeouts),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        version=request.version,
        source=_source(request),
    )


def read(urn: str, request: Any) -> Resource:
    """Return the resource that a request reads, without its outputs."""
    found = decode(MessageToDict(request.properties))
    return Resource(
        urn=urn,
        type=request.type,
        name=request.name,
        read=True,
        inputs=found.values,
        secrets=frozenset(found.secrets),
        unknowns=frozenset(found.unknowns),
        declared_inputs=found.values,
        parent=request.parent,
        dependencies=frozenset(request.dependencies),
        provider=_urn_of(request.provider),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        version=request.version,
        source=_source(request),
    )


def _urn_of(reference: str) -> str:
    """Return the URN of a provider's reference, which is ``urn::id``."""
    return reference.rpartition("::")[0]


def _source(request: Any) -> str:
    """Return where a program made a resource; nothing if the SDK or the kit did."""
    position = request.sourcePosition
    path = unquote(urlsplit(str(position.uri)).path)
    ours = Path(__file__).parent.parent
    is_known = path and "site-packages" not in path and not Path(path).is_relative_to(ours)
    return f"{path}:{position.line}" if is_known else ""
