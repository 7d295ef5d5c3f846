"""The guard: a component that is built wrongly is refused, whichever engine runs the program."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from pipeline.guard import Guard, GuardrailError
from policy.guardrails import RULES, Resource
from pytest_pulumi.values import decode, encode
from tests.infra.broken import SOURCE, allow, policy
from tests.infra.engine import run
from tests.infra.variants import KMS

BUILT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "visibility-timeout": ("Queue", "-uploads", {"visibility_timeout_seconds": 60}),
    "dead-letters": ("Queue", "-uploads", {"redrive_policy": None}),
    "partial-batch": ("EventSourceMapping", "", {"function_response_types": None}),
    "no-loop": ("Function", "", {"environment": {"variables": {"DESTINATION_BUCKET": SOURCE}}}),
    "tls-only": ("QueuePolicy", "-uploads", {"policy": policy()}),
    "encryption": ("Queue", "-uploads", {"sqs_managed_sse_enabled": False}),
    "least-privilege": ("RolePolicy", "", {"policy": allow(Action="s3:*")}),
    "public-access": ("BucketPublicAccessBlock", "-source", {"block_public_acls": False}),
    "log-retention": ("LogGroup", "", {"retention_in_days": None}),
    "tags": ("Topic", "", {"tags": None}),
}


@pytest.fixture
def build(monkeypatch) -> Callable[..., None]:
    """Evaluate the program with one resource built wrongly."""

    def wrongly(type_: str, part: str, props: dict[str, Any], **how: Any) -> None:
        def spoil(args: pulumi.ResourceTransformationArgs):
            if args.type_.endswith(f":{type_}") and args.name.endswith(part):
                return pulumi.ResourceTransformationResult({**args.props, **props}, args.opts)
            return None

        right = Guard.options
        wrong = pulumi.ResourceOptions(transformations=[spoil])
        monkeypatch.setattr(
            Guard, "options", lambda self: pulumi.ResourceOptions.merge(wrong, right(self))
        )
        run("dev", **how)

    return wrongly


@pytest.mark.parametrize("name", BUILT)
def test_a_component_built_wrongly_is_refused_with_the_resource_and_the_fix(build, name):
    type_, part, props = BUILT[name]
    with pytest.raises(GuardrailError, match=rf"^{name}: image-pipeline-dev\S* \(aws:\S+\): .+\.$"):
        build(type_, part, props)


def test_every_rule_is_enforced_at_build():
    assert set(BUILT) == {rule.name for rule in RULES}


@pytest.mark.parametrize("name", ["visibility-timeout", "encryption", "log-retention", "tags"])
def test_a_preview_refuses_what_it_can_know(build, name):
    with pytest.raises(GuardrailError, match=f"^{name}: "):
        build(*BUILT[name], preview=True)


def test_a_resource_that_breaks_a_rule_by_itself_is_not_registered(build):
    with pytest.raises(GuardrailError) as error:
        build(*BUILT["least-privilege"])
    registered = {resource.type for resource in error.value.pulumi_program.resources}
    assert "aws:iam/role:Role" in registered
    assert "aws:iam/rolePolicy:RolePolicy" not in registered


def test_the_guard_reads_inputs_as_the_engine_does(monkeypatch):
    seen: list[Resource] = []
    monkeypatch.setattr("pipeline.guard.violations", lambda _rules, found: seen.extend(found) or [])
    program = run("dev", **KMS)
    by_name = {(r.type, r.name): r.inputs for r in program.resources}
    assert len(seen) == sum(r.type.startswith("aws:") for r in program.resources) > 30
    for resource in seen:
        given = decode(resource.inputs).values
        assert encode(given) == by_name[resource.type, resource.name], resource.urn
