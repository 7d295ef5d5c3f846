"""The mock kit itself: what it asserts, it can also deny."""

import pulumi
import pytest
from pulumi_aws import s3, sqs

from policy.guardrails.resource import UNKNOWN
from tests.infra.engine import Program, record, run


class Pair(pulumi.ComponentResource):
    """Two queues, of which the second waits for the first, and a bucket that waits for both."""

    def __init__(self, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kit:index:Pair", "pair", None, opts)
        first = sqs.Queue("first", opts=pulumi.ResourceOptions(parent=self))
        second = sqs.Queue(
            "second", tags={"Of": first.name}, opts=pulumi.ResourceOptions(parent=self)
        )
        s3.Bucket("bucket", opts=pulumi.ResourceOptions(parent=self, depends_on=[second]))
        self.register_outputs({})


def parts(program: Program):
    return program.one("Queue", "first"), program.one("Queue", "second"), program.one("Bucket")


def test_order_follows_inputs_and_depends_on_also_by_way_of_others():
    program = record(Pair)
    first, second, bucket = parts(program)
    program.assert_after(second, first)
    program.assert_after(bucket, first)
    with pytest.raises(AssertionError, match="first does not wait for second"):
        program.assert_after(first, second)


def test_parents():
    program = record(Pair)
    first, second, _bucket = parts(program)
    program.assert_within(first, program.one("Pair"))
    program.assert_within(first, program.one("Stack"))
    with pytest.raises(AssertionError, match="second is within"):
        program.assert_within(second, first)


def test_protection_is_inherited():
    program = record(lambda: Pair(pulumi.ResourceOptions(protect=True)))
    program.assert_protected(program.one("Bucket"))
    open_ = record(Pair)
    with pytest.raises(AssertionError, match="is not protected"):
        open_.assert_protected(open_.one("Bucket"))


def test_tags_among_others():
    program = record(lambda: sqs.Queue("q", tags={"Team": "photos", "Stage": "dev"}))
    program.assert_tagged(program.one("Queue"), Team="photos")
    with pytest.raises(AssertionError, match="has the tags"):
        program.assert_tagged(program.one("Queue"), Team="music")
    bare = record(lambda: sqs.Queue("q"))
    with pytest.raises(AssertionError, match=r"has the tags \{\}"):
        bare.assert_tagged(bare.one("Queue"), Team="photos")


def test_a_components_transform_reaches_its_children_innermost_first():
    def trail(step: str):
        def transform(args: pulumi.ResourceTransformArgs):
            if args.type_ != "aws:sqs/queue:Queue":
                return None
            tags = args.props.get("tags") or {}
            return pulumi.ResourceTransformResult(
                props={**args.props, "tags": tags | {"Trail": tags.get("Trail", "") + step}},
                opts=pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True)),
            )

        return transform

    def program() -> None:
        sqs.Queue("own", opts=pulumi.ResourceOptions(transforms=[trail("a"), trail("b")]))
        Pair(pulumi.ResourceOptions(transforms=[trail("c")]))

    recorded = record(program)
    recorded.assert_tagged(recorded.one("Queue", "own"), Trail="ab")
    first, second, bucket = parts(recorded)
    recorded.assert_tagged(first, Trail="c")
    recorded.assert_tagged(second, Trail="c", Of="first-1234567")
    assert (first.protect, bucket.protect) == (True, False)


def test_one_is_exactly_one():
    program = record(Pair)
    with pytest.raises(AssertionError, match="2 Queue"):
        program.one("Queue")
    with pytest.raises(AssertionError, match="0 Topic"):
        program.one("Topic")


def test_a_preview_knows_no_outputs():
    program = run("dev", preview=True)
    assert program.one("QueuePolicy", "-uploads").inputs["policy"] == UNKNOWN
    assert program.one("Queue", "-uploads").inputs["visibilityTimeoutSeconds"] == 360
