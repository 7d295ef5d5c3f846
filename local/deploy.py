"""Deploys the unchanged program to the embedded AWS: mocks whose resources are real."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from local import lookups
from local.program import ROOT, evaluate, full_key, read_config
from local.resources import Context, create
from local.resources.calls import REFUSALS
from local.server import REGION, Server
from pipeline.bundle import BundleError, Target, build
from terminal import Failure


class Deployer(Mocks):
    """Creates each resource of the program as Pulumi registers it.

    Args:
        context: the embedded AWS.
        on_resource: told each resource's type and name once it exists.
    """

    def __init__(self, context: Context, on_resource: Callable[[str], None]) -> None:
        self._context = context
        self._on_resource = on_resource
        self.resources: list[str] = []
        self.error: Failure | None = None

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Create one resource; runs on several threads at once, so the first error is kept."""
        inputs = cast("dict[str, Any]", args.inputs)
        if not args.custom:
            return args.name, inputs
        try:
            created = create(self._context, args.typ, args.name, inputs)
        except Failure as error:
            self.error = self.error or error
            raise
        except REFUSALS as error:
            self.error = self.error or Failure(f"{args.typ} {args.name} failed: {error}")
            raise
        self.resources.append(f"{args.typ} {args.name}")
        self._on_resource(f"{args.typ.split(':')[-1]} {args.name}")
        return created.id, inputs | created.outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Answer a provider function."""
        try:
            given = cast("dict[str, Any]", args.args)
            return lookups.answer(self._context, args.token, given), []
        except Failure as error:
            self.error = self.error or error
            raise
        except REFUSALS as error:
            self.error = self.error or Failure(f"{args.token} failed: {error}")
            raise


def deploy(
    server: Server,
    stack: str = "local",
    on_resource: Callable[[str], None] = lambda _name: None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Create or update the stack in a running embedded AWS, and remember its outputs.

    Args:
        server: the embedded AWS.
        stack: names the ``Pulumi.<stack>.yaml`` to read.
        on_resource: told each resource's type and name once it exists.
        settings: values over the stack's own, by full key or the setting's name alone.

    Raises:
        Failure: a resource or setting cannot be; or one that was deployed before is no longer
            in the program, which this deployer does not delete.
    """
    deployer = Deployer(context_of(server), on_resource)
    given = {full_key(key): value for key, value in (settings or {}).items()}
    overrides = {"aws:endpoints": [{"s3": server.endpoint}], **given}
    try:
        outputs = evaluate(stack, deployer, overrides)
    except pulumi.RunError as error:
        raise Failure(str(error)) from error
    except Exception:
        if deployer.error:
            raise deployer.error from None
        raise
    _refuse_leftovers(server, deployer.resources)
    server.stack, server.outputs, server.resources = stack, outputs, deployer.resources
    server.settings = _settings({**read_config(stack), **overrides})
    server.save()
    return outputs


def function_code(package: str) -> bytes:
    """Return the bundle of ``function`` or ``signer`` for this machine.

    Raises:
        Failure: it cannot be built.
    """
    try:
        return build(Target.host(), source=ROOT / package).path.read_bytes()
    except BundleError as error:
        raise Failure(str(error)) from error


def context_of(server: Server, code_of: Callable[[str], bytes] = function_code) -> Context:
    """Return a running embedded AWS as resources see it.

    Args:
        server: the embedded AWS.
        code_of: returns a package's bundle, which is built otherwise.
    """
    return Context(
        client=_shared_clients(server),
        endpoint=server.endpoint,
        region=REGION,
        function_code=code_of,
    )


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    prefix = full_key("")
    return {
        key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)
    }


def _shared_clients(server: Server) -> Callable[[str], Any]:
    """Make each client once; boto3's default session is not safe to share while it loads one."""
    lock = threading.Lock()
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        with lock:
            if service not in clients:
                made = server.client(service)
                # Made on first use, and two threads would make two sets of classes: an error of
                # the one is not caught as one of the other.
                _ = made.exceptions
                clients[service] = made
            return clients[service]

    return client


def _refuse_leftovers(server: Server, resources: list[str]) -> None:
    leftovers = sorted(set(server.resources) - set(resources))
    if leftovers:
        raise Failure(
            f"{leftovers[0]} is deployed but no longer in the program; run `python -m local down` "
            "and `python -m local up` to start afresh."
        )
