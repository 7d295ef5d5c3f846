"""Transforms run in the engine's order and see what the engine would show them."""

import pulumi
import pytest

from pytest_pulumi import Cloud, evaluate
from toycloud import Bucket, Pair, Policy, invoke


def trail(step, type_="toy:storage/bucket:Bucket", **options):
    """Append to the tag ``trail`` of each resource of a type."""

    def transform(args):
        if args.type_ != type_:
            return None
        tags = args.props.get("tags") or {}
        return pulumi.ResourceTransformResult(
            props={**args.props, "tags": tags | {"trail": tags.get("trail", "") + step}},
            opts=pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(**options)),
        )

    return transform


def test_own_then_parents_then_stacks():
    def make():
        pulumi.runtime.register_resource_transform(trail("s"))
        Bucket("own", opts=pulumi.ResourceOptions(transforms=[trail("a"), trail("b")]))
        Pair("p", opts=pulumi.ResourceOptions(transforms=[trail("c")]))

    program = evaluate(make)
    assert program.by_name("own").inputs["tags"] == {"trail": "abs"}
    assert program.by_name("own").transforms == 3
    assert program.by_name("own").declared_inputs == {}
    assert program.by_name("p-bucket").inputs["tags"] == {"trail": "cs"}
    assert program.by_name("p-policy").inputs == {}


def test_the_program_reads_what_the_transform_made():
    def make():
        bucket = Bucket("b", opts=pulumi.ResourceOptions(transforms=[trail("x")]))
        Policy("p", text=bucket.tags.apply(lambda tags: tags["trail"]))

    assert evaluate(make).one(Policy).inputs["text"] == "x"


def test_options_can_be_changed():
    def make():
        change = trail("x", protect=True, retain_on_delete=True, ignore_changes=["size"])
        Pair("p", opts=pulumi.ResourceOptions(transforms=[change]))

    program = evaluate(make)
    bucket = program.by_name("p-bucket")
    assert bucket.protect
    assert bucket.retain_on_delete
    assert bucket.ignore_changes == ("size",)
    assert not program.by_name("p-policy").protect


def test_options_that_are_left_alone_stay():
    def make():
        other = Bucket("other")
        opts = pulumi.ResourceOptions(
            protect=True, depends_on=[other], aliases=[pulumi.Alias(name="old")], version="1.0.0",
            delete_before_replace=True, custom_timeouts=pulumi.CustomTimeouts(create="5m"),
            transforms=[lambda args: None],
        )  # fmt: skip
        Bucket("b", opts=opts)

    program = evaluate(make)
    b = program.by_name("b")
    assert b.transforms == 1
    assert b.protect
    assert b.delete_before_replace
    assert b.depends_on == {program.by_name("other").urn}
    assert b.aliases[0].endswith("::old")
    assert (b.version, b.custom_timeouts) == ("1.0.0", {"create": "5m"})


def test_a_resources_own_transform_gets_outputs_for_what_depends_as_in_the_engine():
    def naive(args):
        return pulumi.ResourceTransformResult(
            {**args.props, "tags": args.props["tags"] | {"x": "y"}}, args.opts
        )

    def careful(args):
        tags = pulumi.Output.from_input(args.props["tags"]).apply(lambda t: t | {"x": "y"})
        return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)

    def make(transform):
        first = Bucket("first")
        Bucket("b", tags={"of": first.id}, opts=pulumi.ResourceOptions(transforms=[transform]))

    with pytest.raises(Exception, match="unsupported operand"):
        evaluate(lambda: make(naive))
    program = evaluate(lambda: make(careful))
    assert program.by_name("b").inputs["tags"] == {"of": "first-id", "x": "y"}
    program.assert_after(program.by_name("b"), program.by_name("first"))


def test_what_a_transform_returns_unchanged_still_tells_where_it_comes_from():
    def make():
        first = Bucket("first")
        opts = pulumi.ResourceOptions(transforms=[lambda args: None])
        Bucket("b", tags={"of": first.id, "s": pulumi.Output.secret("x")}, opts=opts)

    program = evaluate(make)
    b = program.by_name("b")
    assert b.property_dependencies == {"tags": {program.by_name("first").urn}}
    assert b.inputs == {"tags": {"of": "first-id", "s": "x"}}
    assert b.secrets == {"tags.s"}


def test_what_a_transform_returns_tells_where_it_comes_from_unless_it_is_ones_own():
    """The SDK returns plain values from a transform; the engine asks them after one's own only."""

    def keep(args):
        return pulumi.ResourceTransformResult(args.props, args.opts)

    def make():
        opts = pulumi.ResourceOptions(transforms=[keep])
        pair = Pair("p", opts=opts)
        Policy("own", target=pair.bucket.arn, opts=opts)

    program = evaluate(make, cloud=Cloud(outputs={"Bucket": {"arn": "arn:1"}}))
    bucket = program.by_name("p-bucket")
    below, own = program.by_name("p-policy"), program.by_name("own")
    assert below.inputs == own.inputs == {"target": "arn:1"}
    assert below.property_dependencies == {"target": {bucket.urn}}
    assert own.property_dependencies == {}
    program.assert_after(own, bucket)


def test_a_secret_that_depends_stays_secret_behind_a_transform():
    def make():
        first = Bucket("first")
        opts = pulumi.ResourceOptions(transforms=[lambda args: None])
        Bucket("b", tags=pulumi.Output.secret(first.id), opts=opts)

    b = evaluate(make).by_name("b")
    assert b.inputs == {"tags": "first-id"}
    assert b.secrets == {"tags"}


@pytest.mark.parametrize("given", [True, False, None])
def test_a_transform_sees_whether_deletion_first_was_asked(given):
    seen = []

    def look(args):
        seen.append(args.opts.delete_before_replace)

    opts = pulumi.ResourceOptions(delete_before_replace=given, transforms=[look])
    program = evaluate(lambda: Bucket("b", opts=opts))
    assert seen == [given]
    assert program.one(Bucket).delete_before_replace is bool(given)


def test_transforms_of_invokes():
    def change(args):
        return pulumi.InvokeTransformResult({**args.args, "more": 1}, args.opts)

    def make():
        pulumi.runtime.register_invoke_transform(change)
        return invoke("toy:index:look", {"a": 1})

    seen = []
    cloud = Cloud(invokes={"look": lambda arguments: seen.append(arguments) or {"x": "y"}})

    def outputs():
        pulumi.runtime.register_invoke_transform(change)
        pulumi.export("x", pulumi.runtime.invoke_output("toy:index:look", {"a": 1}))

    program = evaluate(outputs, cloud=cloud)
    assert seen == [{"a": 1, "more": 1}]
    assert program.outputs == {"x": {"x": "y"}}


def test_an_error_in_a_transform_fails_the_program():
    def fail(args):
        raise ValueError("not like this")

    with pytest.raises(Exception, match="not like this"):
        evaluate(lambda: Bucket("b", opts=pulumi.ResourceOptions(transforms=[fail])))
