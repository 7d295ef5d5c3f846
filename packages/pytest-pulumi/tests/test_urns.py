"""Aliases as the engine resolves them."""

import pulumi

from pytest_pulumi import evaluate
from toycloud import Bucket, Pair

HERE = "urn:pulumi:dev::project::"


def aliases_of(program, name="b"):
    return program.by_name(name).aliases


def bucket(**alias):
    return evaluate(
        lambda: Bucket("b", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(**alias)]))
    )


def test_each_part_of_an_alias():
    kind = "toy:storage/bucket:Bucket"
    assert aliases_of(bucket(name="a")) == (f"{HERE}{kind}::a",)
    assert aliases_of(bucket(type_="toy:old:Bucket")) == (f"{HERE}toy:old:Bucket::b",)
    assert aliases_of(bucket(stack="s")) == (f"urn:pulumi:s::project::{kind}::b",)
    assert aliases_of(bucket(project="p")) == (f"urn:pulumi:dev::p::{kind}::b",)
    parent = f"{HERE}toy:parts:Pair::p"
    assert aliases_of(bucket(parent=parent)) == (f"{HERE}toy:parts:Pair${kind}::b",)


def test_no_parent():
    def make():
        pair = Pair("p")
        alias = pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)
        Bucket("b", opts=pulumi.ResourceOptions(parent=pair, aliases=[alias]))

    assert aliases_of(evaluate(make)) == (f"{HERE}toy:storage/bucket:Bucket::b",)


def test_children_inherit_their_parents_aliases_with_its_name_in_theirs():
    opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])
    program = evaluate(lambda: Pair("new", opts=opts))
    expected = f"{HERE}toy:parts:Pair$toy:storage/bucket:Bucket::old-bucket"
    assert aliases_of(program, "new-bucket") == (expected,)


def test_own_and_inherited_aliases_multiply():
    def make():
        pair = Pair("new", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))
        Bucket("b", opts=pulumi.ResourceOptions(parent=pair, aliases=[pulumi.Alias(name="a")]))

    inside = f"{HERE}toy:parts:Pair$toy:storage/bucket:Bucket::"
    assert aliases_of(evaluate(make)) == (f"{inside}a", f"{inside}b")


def test_a_former_parent_that_has_an_alias_itself_is_looked_for_by_that():
    def make():
        renamed = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="toy:old:Part")])
        above = pulumi.ComponentResource("toy:parts:Part", "p", None, renamed)
        Bucket("b", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(parent=above)]))

    assert aliases_of(evaluate(make)) == (f"{HERE}toy:old:Part$toy:storage/bucket:Bucket::b",)
