"""How inputs are read that may be absent, not yet known, or written in several ways."""

import json

import pytest

from policy.guardrails import Resource
from policy.guardrails.resource import (
    UNKNOWN,
    allows,
    as_list,
    as_mapping,
    lacking,
    names_anyone,
    of_type,
)

STATEMENT = {"Effect": "Allow", "Principal": "*"}


def resource(name="r", type_="t", depends=None, **inputs):
    return Resource(urn=f"urn:{name}", type=type_, name=name, inputs=inputs, depends=depends or {})


@pytest.mark.parametrize("value", [None, "", UNKNOWN])
def test_a_document_that_is_absent_or_unknown_is_none(value):
    assert resource(policy=value).document("policy") is None
    assert resource(policy=value).policy_statements() is None


@pytest.mark.parametrize("written", [STATEMENT, [STATEMENT]])
@pytest.mark.parametrize("as_text", [json.dumps, dict])
def test_statements_are_a_list_however_they_are_written(written, as_text):
    policy = as_text({"Statement": written})
    assert resource(policy=policy).policy_statements() == [STATEMENT]
    assert resource(access=policy).policy_statements("access") == [STATEMENT]


def test_one_value_stands_for_a_list_of_one():
    assert as_list(None) == []
    assert as_list("a") == ["a"]
    assert as_list(("a", "b")) == ["a", "b"]


def test_a_mapping_is_empty_where_it_is_absent_and_none_where_it_is_unknown():
    assert as_mapping(None) == resource().mapping("environment") == {}
    assert as_mapping(UNKNOWN) is resource(environment=UNKNOWN).mapping("environment") is None
    assert resource(environment={"a": 1}).mapping("environment") == {"a": 1}


def test_a_statement_grants_or_denies():
    assert allows(STATEMENT)
    assert not allows({"Effect": "Deny"})
    assert not allows({})


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        *(("*", True), ({"AWS": "*"}, True), ({"AWS": ["arn:aws:iam::1:root", "*"]}, True)),
        *(({"AWS": "arn:aws:iam::1:root"}, False), ({"Service": "*"}, False), (None, False)),
    ],
)
def test_anyone_is_named_in_two_ways(principal, expected):
    assert names_anyone({"Principal": principal}) is expected


def test_what_no_companion_names_is_lacking_it():
    one, other = resource("one", "bucket"), resource("other", "bucket")
    policy = resource("policy", "policy", depends={"bucket": frozenset({one.urn})})
    resources = [one, other, policy]
    assert policy.uses(one, "bucket")
    assert not policy.uses(one, "name")
    assert of_type(resources, "bucket") == [one, other]
    assert list(lacking(resources, "bucket", "policy", "bucket")) == [other]
    assert list(lacking(resources, "bucket", "policy", "name")) == [one, other]
