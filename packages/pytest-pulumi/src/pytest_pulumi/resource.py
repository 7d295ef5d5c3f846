"""One resource, as the engine sees it registered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi

from pytest_pulumi.errors import PulumiTestError
from pytest_pulumi.values import Properties


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """One resource that a program registered or read, after its transforms.

    Attributes:
        urn: the engine's name for it.
        type: type token, e.g. ``aws:s3/bucket:Bucket``.
        name: logical name.
        custom: False for a component.
        read: it exists already and is read: ``Bucket.get(…)``, a StackReference.
        inputs: by the provider's names (camelCase); secrets are unwrapped, what a preview cannot
            know is ``UNKNOWN``.
        secrets: paths of the inputs that are secret, e.g. ``password``, ``env[0].value``.
        unknowns: paths of the inputs that are unknown.
        outputs: its state: what the provider made of the inputs, or what a component registered.
        secret_outputs: paths of the outputs that are secret.
        declared_inputs: inputs before transforms ran.
        transforms: how many transforms ran on it: its own, its parents', the stack's.
        parent: URN of its parent; the stack's own resource has none.
        dependencies: URNs that it waits for: ``depends_on`` and its inputs' alike.
        property_dependencies: by input, the URNs that its value comes from.
        provider: URN of the explicit provider that manages it; empty for the default one.
        providers: by package, URNs of the providers that a component hands to its children.
        protect: ``pulumi destroy`` refuses to delete it.
        aliases: every URN by which it is also known, those inherited from its parents too.
        ignore_changes: inputs whose changes are ignored.
        replace_on_changes: properties whose changes replace it.
        delete_before_replace: its replacement is made after its deletion.
        retain_on_delete: it stays in the cloud when it leaves the stack.
        deleted_with: URN of the resource whose deletion deletes it too.
        import_id: ID of the existing resource that is imported.
        custom_timeouts: by operation (create, update, delete, read).
        additional_secret_outputs: outputs that are made secret.
        version: of the provider's package.
        source: where the program made it, ``path:line``.
    """

    urn: str
    type: str
    name: str
    custom: bool = True
    read: bool = False
    inputs: Properties = field(default_factory=Properties)
    secrets: frozenset[str] = frozenset()
    unknowns: frozenset[str] = frozenset()
    outputs: Properties = field(default_factory=Properties)
    secret_outputs: frozenset[str] = frozenset()
    declared_inputs: Properties = field(default_factory=Properties)
    transforms: int = 0
    parent: str = ""
    dependencies: frozenset[str] = frozenset()
    property_dependencies: Mapping[str, frozenset[str]] = field(
        default_factory=dict[str, frozenset[str]]
    )
    provider: str = ""
    providers: Mapping[str, str] = field(default_factory=dict[str, str])
    protect: bool = False
    aliases: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    import_id: str = ""
    custom_timeouts: Mapping[str, str] = field(default_factory=dict[str, str])
    additional_secret_outputs: tuple[str, ...] = ()
    version: str = ""
    source: str = ""

    @property
    def id(self) -> Any:
        """ID that the provider gave it; a KeyError in a preview, which has none."""
        return self.outputs["id"]

    @property
    def depends_on(self) -> frozenset[str]:
        """URNs that it waits for although no input comes from them."""
        return self.dependencies.difference(*self.property_dependencies.values())

    def is_a(self, wanted: "str | type[pulumi.Resource]") -> bool:
        """Return whether it is of a type: a class, a token, or the end of one (``Bucket``)."""
        token = token_of(wanted)
        return self.type == token or self.type.endswith((f":{token}", f"/{token}"))

    def is_secret(self, path: str) -> bool:
        """Return whether an input, what holds it or a part of it is secret.

        Raises:
            PulumiTestError: there is no such input, so that its not being secret proves nothing.
        """
        if any(_holds(path, secret) or _holds(secret, path) for secret in self.secrets):
            return True
        known = sorted(_paths(self.inputs))
        if path not in known:
            raise PulumiTestError(
                f"{self.name} has no input {path}; there are {', '.join(known) or 'none'}."
            )
        return False


def _paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each property in a value, as ``secrets`` has them."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield from _paths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for i, item in enumerate(cast("list[Any]", value)):
            yield from _paths(item, f"{path}[{i}]")


def _holds(outer: str, inner: str) -> bool:
    """Return whether one path of a property is another or leads to it."""
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


def token_of(wanted: "str | type[pulumi.Resource]") -> str:
    """Return the type token of a provider's class, or the text as it is.

    Raises:
        TypeError: the class has no token, as components have not.
    """
    if isinstance(wanted, str):
        return wanted
    token = pulumi.get_type_token(wanted)
    if token is None:
        raise TypeError(
            f"{wanted.__name__} has no type token; name the type by the text that it passes to "
            f"super().__init__, e.g. 'my:module:{wanted.__name__}'."
        )
    return token
