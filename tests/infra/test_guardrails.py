"""The guardrails: each fires in every way that it can, and no committed stack breaks one."""

import dataclasses

import pytest

from policy.guardrails import RULES, violations
from policy.guardrails.resource import UNKNOWN
from policy.guardrails.upkeep import TAGGABLE
from tests.infra.broken import BROKEN, DENY, edit, policy
from tests.infra.engine import run, takes_tags
from tests.infra.variants import KMS


def test_a_stack_with_every_setting_on_keeps_every_rule(everything):
    assert violations(RULES, everything.resources) == []


def test_committed_stacks_and_variants_keep_every_rule(program):
    assert violations(RULES, program.resources) == []


def test_a_preview_that_knows_no_outputs_is_not_accused():
    assert violations(RULES, run("dev", preview=True, **KMS).resources) == []


@pytest.mark.parametrize(("name", "break_", "words"), BROKEN)
def test_a_rule_fires_alone_and_says_what_to_do(kms, name, break_, words):
    broken = violations(RULES, break_(kms.resources))
    assert {text.split(":")[0] for text in broken} == {name}
    assert any(words in text for text in broken), broken


def test_every_rule_is_broken():
    assert {name for name, _break, _words in BROKEN} == {rule.name for rule in RULES}


def test_tls_may_be_denied_in_each_way_that_iam_lets_one_write_it(kms):
    for value in ("false", ["false"], False):
        deny = policy(DENY | {"Condition": {"Bool": {"aws:SecureTransport": value}}})
        change = edit("BucketPolicy", "-source", policy=deny)
        assert violations(RULES, change(kms.resources)) == []


def test_a_loop_is_seen_before_names_are_known(dev):
    resources = dev.resources
    source = next(r for r in resources if r.type.endswith(":Bucket") and r.name.endswith("source"))
    function = next(r for r in resources if r.type.endswith(":Function"))
    looped = dataclasses.replace(
        function,
        inputs={**function.inputs, "environment": UNKNOWN},
        depends={**function.depends, "environment": frozenset({source.urn})},
    )
    broken = violations(RULES, [looped if r is function else r for r in resources])
    assert [text.split(":")[0] for text in broken] == ["no-loop"]


def test_a_loop_without_a_queue_is_one_too(dev):
    resources = dev.resources
    (function,) = dev.all("Function")
    (notification,) = dev.all("BucketNotification")
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


def test_another_function_may_write_to_the_source(dev):
    resources = dev.resources
    (function,) = dev.all("Function")
    (notification,) = dev.all("BucketNotification")
    variables = {"variables": {"DESTINATION_BUCKET": notification.inputs["bucket"]}}
    writer = dataclasses.replace(
        function, urn="urn:writer", inputs={**function.inputs, "environment": variables}
    )
    assert violations(RULES, [*resources, writer]) == []


def test_a_public_stack_needs_its_doors_open(dev):
    change = edit(
        "BucketPublicAccessBlock", "-source", blockPublicPolicy=True, restrictPublicBuckets=True
    )
    (text,) = violations(RULES, change(dev.resources))
    assert "change one of them" in text


def test_taggable_types_are_the_providers_own(everything):
    made = {r.type for r in everything.resources if r.type.startswith("aws:")}
    assert "aws:budgets/budget:Budget" in made
    assert {t for t in made if takes_tags(t)} == set(TAGGABLE) & made
    assert all(takes_tags(type_) for type_ in TAGGABLE)
