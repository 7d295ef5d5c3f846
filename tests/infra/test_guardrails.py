"""The guardrails: each fires in every way that it can, and no committed stack breaks one."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local.program import evaluate
from pipeline.guard import Guard, GuardrailError
from pipeline.permissions.documents import document
from policy.guardrails import RULES, Resource, violations
from policy.guardrails.resource import UNKNOWN
from policy.guardrails.upkeep import TAGGABLE, TAGS
from tests.infra.engine import Engine, Program, present, run, run_committed, stated, takes_tags

ROOT = Path(__file__).parents[2]
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
KMS = {"uploads": "presigned", "delivery": "cdn", "encryption": "kms"}
Break = Callable[[list[Resource]], list[Resource]]


@pytest.fixture(scope="module")
def stacks() -> dict[str, Program]:
    return {"dev": run("dev"), "kms": run("dev", **KMS)}


def test_a_stack_with_every_setting_on_keeps_every_rule():
    program = run("dev", eventbridge=True, protect=True, alarmEmail="a@b.cd", monthlyBudgetUsd=1)
    assert violations(RULES, program.resources) == []


@pytest.mark.parametrize("stack", STACKS)
def test_committed_stacks_keep_every_rule(stack):
    assert violations(RULES, run_committed(stack).resources) == []


def test_a_private_encrypted_stack_keeps_every_rule(stacks):
    assert violations(RULES, stacks["kms"].resources) == []


def test_a_preview_that_knows_no_outputs_is_not_accused():
    assert violations(RULES, run("dev", preview=True, **KMS).resources) == []


def test_rules_have_names_of_their_own():
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names)) == 10


def edit(type_: str, part: str = "", **inputs: Any) -> Break:
    """Change inputs of the one resource of a type whose name ends so."""

    def apply(resources: list[Resource]) -> list[Resource]:
        found = [r for r in resources if r.type.endswith(f":{type_}") and r.name.endswith(part)]
        assert len(found) == 1, found
        (old,) = found
        new = dataclasses.replace(old, inputs={**old.inputs, **inputs})
        return [new if r is old else r for r in resources]

    return apply


def drop(type_: str, part: str = "") -> Break:
    """Leave out a resource."""

    def apply(resources: list[Resource]) -> list[Resource]:
        left = [
            r for r in resources if not (r.type.endswith(f":{type_}") and r.name.endswith(part))
        ]
        assert len(left) == len(resources) - 1
        return left

    return apply


def add(type_: str, **inputs: Any) -> Break:
    """Put one more resource into the stack."""
    extra = Resource(urn="urn:extra", type=type_, name="extra", inputs=inputs)
    return lambda resources: [*resources, extra]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps(document(statements))


def allow(**parts: Any) -> str:
    grant = {"Sid": "S", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:x"}
    return policy(grant | parts)


BUCKET_ARN = "arn:aws:s3:::b"
DENY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET_ARN, f"{BUCKET_ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ANYONE = DENY | {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}
DENY_QUEUE = DENY | {"Action": "sqs:*"}
SERVICE = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}}
AWS_POLICY = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
SOURCE = "image-pipeline-dev-source-1234567"

BROKEN: list[tuple[str, Break, str]] = [
    ("visibility-timeout", edit("Queue", "-uploads", visibilityTimeoutSeconds=359), "360 or more"),
    ("visibility-timeout", edit("Queue", "-uploads", visibilityTimeoutSeconds=None), "of 30 s"),
    ("visibility-timeout", edit("Function", "-resizer", timeout=61), "366 or more"),
    ("dead-letters", edit("Queue", "-uploads", redrivePolicy=None), "no dead-letter queue"),
    ("dead-letters", edit("Queue", "-uploads", redrivePolicy="{}"), "deadLetterTargetArn"),
    (
        "dead-letters",
        edit("Queue", "-uploads", redrivePolicy={"deadLetterTargetArn": "a", "maxReceiveCount": 4}),
        "maxReceiveCount to 5",
    ),
    ("partial-batch", edit("EventSourceMapping", functionResponseTypes=None), "whole batch"),
    ("partial-batch", edit("EventSourceMapping", functionResponseTypes=[]), "whole batch"),
    (
        "no-loop",
        edit("Function", "-resizer", environment={"variables": {"DESTINATION_BUCKET": SOURCE}}),
        "another destination",
    ),
    (
        "no-loop",
        edit(
            "RolePolicy",
            "-resizer",
            policy=allow(Action=["s3:PutObject"], Resource=f"arn:aws:s3:::{SOURCE}/uploads/*"),
        ),
        "allow s3:PutObject on the destination alone",
    ),
    ("tls-only", drop("BucketPolicy", "-source"), "give it a BucketPolicy"),
    ("tls-only", drop("QueuePolicy", "-dead-letters"), "give it a QueuePolicy"),
    ("tls-only", drop("TopicPolicy"), "give it a TopicPolicy"),
    ("tls-only", edit("QueuePolicy", "-uploads", policy=policy()), "deny sqs:*"),
    ("tls-only", edit("TopicPolicy", policy=policy(DENY)), "deny sns:Publish"),
    *(
        ("tls-only", edit("BucketPolicy", "-source", policy=policy(DENY | narrower)), "deny s3:*")
        for narrower in (
            {"Principal": {"AWS": "arn:aws:iam::1:root"}},
            {"Action": "s3:GetObject"},
            {"Resource": BUCKET_ARN},
            {"Resource": f"{BUCKET_ARN}/*"},
            {"Condition": {**DENY["Condition"], "StringEquals": {"aws:SourceVpc": "v"}}},
            {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        )
    ),
    (
        "tls-only",
        edit("Distribution", defaultCacheBehavior={"viewerProtocolPolicy": "allow-all"}),
        "https-only",
    ),
    (
        "tls-only",
        edit("Distribution", orderedCacheBehaviors=[{"viewerProtocolPolicy": "allow-all"}]),
        "https-only",
    ),
    ("encryption", drop("BucketServerSideEncryptionConfiguration", "-source"), "how it encrypts"),
    (
        "encryption",
        edit(
            "BucketServerSideEncryptionConfiguration",
            "-source",
            rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "rot13"}}],
        ),
        "AES256 or aws:kms",
    ),
    (
        "encryption",
        edit("BucketServerSideEncryptionConfiguration", "-source", rules=[{}]),
        "sseAlgorithm is None",
    ),
    ("encryption", edit("Queue", "-uploads", sqsManagedSseEnabled=False), "kept unencrypted"),
    ("encryption", edit("Key", enableKeyRotation=False), "never rotates"),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(Action="s3:*")),
        "name each action",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(Action=["s3:Get?"])),
        "name each action",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(Resource="*")),
        "name the resources",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(Resource=["arn:aws:s3:::*"])),
        "name the resources",
    ),
    (
        "least-privilege",
        edit(
            "RolePolicy",
            "-resizer",
            policy=allow(Action=["xray:PutTraceSegments", "s3:GetObject"], Resource="*"),
        ),
        "name the resources",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(NotAction="iam:*")),
        "NotAction",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(NotResource="arn:y")),
        "NotResource",
    ),
    ("least-privilege", add("aws:iam/policy:Policy", policy=allow(Action="*")), "allows *"),
    (
        "least-privilege",
        edit("QueuePolicy", "-uploads", policy=policy(DENY_QUEUE, DENY_QUEUE | SERVICE)),
        "allows sqs:*",
    ),
    (
        "least-privilege",
        edit("Role", "-resizer", managedPolicyArns=[AWS_POLICY]),
        "everyone's resources",
    ),
    (
        "least-privilege",
        edit("Role", "-resizer", inlinePolicies=[{"policy": allow(Action="*")}]),
        "allows *",
    ),
    (
        "least-privilege",
        edit("Role", "-resizer", assumeRolePolicy=policy(ANYONE)),
        "name the service",
    ),
    (
        "least-privilege",
        add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn=AWS_POLICY),
        "everyone's resources",
    ),
    ("public-access", drop("BucketPublicAccessBlock", "-source"), "nothing blocks"),
    ("public-access", edit("BucketPublicAccessBlock", "-source", blockPublicAcls=False), "ACL"),
    ("public-access", edit("BucketPublicAccessBlock", "-source", ignorePublicAcls=None), "ACL"),
    (
        "public-access",
        edit("BucketPublicAccessBlock", "-source", restrictPublicBuckets=False),
        "differ",
    ),
    (
        "public-access",
        edit("BucketPolicy", "-source", policy=policy(DENY, ANYONE)),
        "what the bucket's policy allows anyone",
    ),
    (
        "public-access",
        edit(
            "BucketPublicAccessBlock",
            "-source",
            blockPublicPolicy=False,
            restrictPublicBuckets=False,
        ),
        "allows no one in",
    ),
    ("log-retention", edit("LogGroup", "-resizer", retentionInDays=0), "set retentionInDays"),
    ("log-retention", edit("LogGroup", "-resizer", retentionInDays=None), "set retentionInDays"),
    (
        "log-retention",
        edit("Function", "-resizer", loggingConfig=None),
        "set loggingConfig.logGroup",
    ),
    *(
        (
            "tags",
            edit("Function", "-resizer", tags={**dict.fromkeys(TAGS, "x"), tag: ""}),
            f"no tag {tag};",
        )
        for tag in TAGS
    ),
    ("tags", edit("Bucket", "-source", tags=None), "no tag Project and Stack and ManagedBy;"),
]


@pytest.mark.parametrize(("name", "break_", "words"), BROKEN)
def test_a_rule_fires_alone_and_says_what_to_do(stacks, name, break_, words):
    broken = violations(RULES, break_(stacks["kms"].resources))
    assert {text.split(":")[0] for text in broken} == {name}
    assert any(words in text for text in broken), broken


def test_every_rule_is_broken_above():
    assert {name for name, _break, _words in BROKEN} == {rule.name for rule in RULES}


def test_tls_may_be_denied_in_each_way_that_iam_lets_one_write_it(stacks):
    for value in ("false", ["false"], False):
        deny = policy(DENY | {"Condition": {"Bool": {"aws:SecureTransport": value}}})
        change = edit("BucketPolicy", "-source", policy=deny)
        assert violations(RULES, change(stacks["kms"].resources)) == []


def test_a_loop_is_seen_before_names_are_known(stacks):
    resources = stacks["dev"].resources
    source = next(r for r in resources if r.type.endswith(":Bucket") and r.name.endswith("source"))
    function = next(r for r in resources if r.type.endswith(":Function"))
    looped = dataclasses.replace(
        function,
        inputs={**function.inputs, "environment": UNKNOWN},
        depends={**function.depends, "environment": frozenset({source.urn})},
    )
    broken = violations(RULES, [looped if r is function else r for r in resources])
    assert [text.split(":")[0] for text in broken] == ["no-loop"]


def test_a_loop_without_a_queue_is_one_too(stacks):
    resources = stacks["dev"].resources
    (function,) = stacks["dev"].all("Function")
    (notification,) = stacks["dev"].all("BucketNotification")
    name = notification.inputs["bucket"]
    looped = dataclasses.replace(
        function,
        inputs={**function.inputs, "environment": {"variables": {"DESTINATION_BUCKET": name}}},
    )
    direct = dataclasses.replace(
        notification, depends={"lambdaFunctions": frozenset({function.urn})}
    )
    swapped = {function.urn: looped, notification.urn: direct}
    broken = violations(RULES, [swapped.get(r.urn, r) for r in resources])
    assert [text.split(":")[0] for text in broken] == ["no-loop"]


def test_another_function_may_write_to_the_source(stacks):
    resources = stacks["dev"].resources
    (function,) = stacks["dev"].all("Function")
    (notification,) = stacks["dev"].all("BucketNotification")
    variables = {"variables": {"DESTINATION_BUCKET": notification.inputs["bucket"]}}
    writer = dataclasses.replace(
        function, urn="urn:writer", inputs={**function.inputs, "environment": variables}
    )
    assert violations(RULES, [*resources, writer]) == []


def test_a_public_stack_needs_its_doors_open(stacks):
    change = edit(
        "BucketPublicAccessBlock", "-source", blockPublicPolicy=True, restrictPublicBuckets=True
    )
    (text,) = violations(RULES, change(stacks["dev"].resources))
    assert "open it or close that" in text


def test_taggable_types_are_the_providers_own(stacks):
    made = {r.type for s in stacks.values() for r in s.resources if r.type.startswith("aws:")}
    budget = {r.type for r in run("dev", alarmEmail="a@b.cd", monthlyBudgetUsd=1).all("Budget")}
    assert {t for t in made | budget if takes_tags(t)} == set(TAGGABLE) & (made | budget)
    assert all(takes_tags(type_) for type_ in TAGGABLE)


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
        engine = Engine(**how)
        evaluate("dev", engine.mocks, stated("dev"), engine, **how)

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


def test_a_resource_that_breaks_a_rule_by_itself_is_not_registered(build, monkeypatch):
    registered: list[str] = []
    remember = Engine.RegisterResource

    def register(self: Engine, request: Any) -> Any:
        registered.append(request.type)
        return remember(self, request)

    monkeypatch.setattr(Engine, "RegisterResource", register)
    with pytest.raises(GuardrailError):
        build(*BUILT["least-privilege"])
    assert "aws:iam/role:Role" in registered
    assert "aws:iam/rolePolicy:RolePolicy" not in registered


def test_the_guard_reads_inputs_as_the_engine_does(monkeypatch):
    seen: list[Resource] = []
    monkeypatch.setattr("pipeline.guard.violations", lambda _rules, found: seen.extend(found) or [])
    program = run("dev", **KMS)
    by_name = {(r.type, r.name): r.inputs for r in program.resources}
    assert len(seen) == sum(r.type.startswith("aws:") for r in program.resources) > 30
    for resource in seen:
        assert present(resource.inputs) == by_name[resource.type, resource.name], resource.urn
