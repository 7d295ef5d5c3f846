"""A test can read the requests that the engine gets."""

import asyncio
import importlib.util
import time
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest

import pytest_pulumi
from pytest_pulumi import (
    Cloud,
    ProgramStuckError,
    PulumiTestError,
    Secret,
    UnsupportedSdkError,
    evaluate,
    sdk,
)
from pytest_pulumi.tree import draw
from pytest_pulumi.values import ARCHIVE, ASSET, KIND, SECRET, UNKNOWN_MARK, decode, encode
from toycloud import Bucket, Pair, Policy, Provider

ROOT = "urn:pulumi:dev::project::"
ARNS = Cloud(outputs={"Bucket": {"arn": "arn:1"}})


def test_urns_are_those_of_the_engine_with_the_types_of_all_components():
    class Outer(pulumi.ComponentResource):
        def __init__(self):
            super().__init__("toy:parts:Outer", "o")
            Pair("p", opts=pulumi.ResourceOptions(parent=self))

    program = evaluate(Outer, cloud=ARNS)
    bucket = program.one(Bucket)
    assert bucket.urn == (
        f"{ROOT}toy:parts:Outer$toy:parts:Pair$toy:storage/bucket:Bucket::p-bucket"
    )
    assert program.by_urn(bucket.urn) is bucket
    assert [r.name for r in program.ancestors(bucket)] == ["p", "o", "project-dev"]


def test_every_option_of_a_resource():
    def make():
        other = Bucket("other")
        Bucket(
            "b",
            opts=pulumi.ResourceOptions(
                protect=True,
                aliases=[pulumi.Alias(name="old"), "urn:pulumi:a::b::c::d"],
                ignore_changes=["tags"],
                replace_on_changes=["size"],
                delete_before_replace=True,
                retain_on_delete=True,
                deleted_with=other,
                additional_secret_outputs=["arn"],
                import_="existing",
                version="1.2.3",
                custom_timeouts=pulumi.CustomTimeouts(create="5m"),
                depends_on=[other],
            ),
        )

    b = evaluate(make, cloud=ARNS).by_name("b")
    other = f"{ROOT}toy:storage/bucket:Bucket::other"
    assert b.protect
    assert b.aliases == (f"{ROOT}toy:storage/bucket:Bucket::old", "urn:pulumi:a::b::c::d")
    assert (b.ignore_changes, b.replace_on_changes) == (("tags",), ("size",))
    assert b.delete_before_replace
    assert b.retain_on_delete
    assert b.deleted_with == other
    assert b.additional_secret_outputs == ("arn",)
    assert b.secret_outputs == {"arn"}
    assert (b.import_id, b.id) == ("existing", "existing")
    assert b.version == "1.2.3"
    assert b.custom_timeouts == {"create": "5m"}
    assert b.depends_on == {other}
    assert b.source.startswith(f"{__file__}:")


def test_without_options_none_is_set():
    b = evaluate(lambda: Bucket("b")).by_name("b")
    assert not any((b.protect, b.retain_on_delete, b.delete_before_replace, b.read))
    assert not any((b.aliases, b.depends_on, b.dependencies, b.provider, b.deleted_with))
    assert b.custom
    assert b.id == "b-id"


def test_dependencies_by_property_and_by_option():
    program = evaluate(lambda: Pair("p"), cloud=ARNS)
    bucket, policy = program.one(Bucket), program.one(Policy)
    assert policy.property_dependencies == {"target": {bucket.urn}}
    assert policy.dependencies == {bucket.urn}
    assert policy.depends_on == set()
    assert policy.inputs == {"target": "arn:1"}


def test_order_holds_by_way_of_others_and_can_be_denied():
    def make():
        first = Bucket("first")
        second = Bucket("second", tags={"of": first.id})
        Policy("third", opts=pulumi.ResourceOptions(depends_on=[second]))

    program = evaluate(make)
    first, third = program.by_name("first"), program.by_name("third")
    program.assert_after(third, first)
    with pytest.raises(AssertionError, match=r"first to wait for third.*found none") as caught:
        program.assert_after(first, third)
    assert "└─ third" in str(caught.value)


def test_parents_can_be_asserted_and_denied():
    program = evaluate(lambda: Pair("p"))
    program.assert_within(program.one(Bucket), program.by_name("p"))
    program.assert_within(program.one(Bucket), program.stack)
    assert [r.name for r in program.children(program.by_name("p"))] == ["p-bucket", "p-policy"]
    with pytest.raises(AssertionError, match="p-bucket to be within p-policy; it is within: found"):
        program.assert_within(program.one(Bucket), program.one(Policy))


def test_providers_reach_the_children():
    def make():
        Pair("p", opts=pulumi.ResourceOptions(provider=Provider("explicit")))
        Bucket("default")

    program = evaluate(make)
    explicit = program.by_name("explicit")
    assert program.by_name("p-bucket").provider == explicit.urn
    assert program.by_name("p").providers == {"toy": explicit.urn}
    assert program.by_name("default").provider == ""


def test_secrets_are_unwrapped_and_marked_where_they_are():
    def make():
        bucket = Bucket(
            "b", tags={"a": pulumi.Output.secret("s"), "b": "t"}, rules=[{"k": 1}], tagsAll=1
        )
        pulumi.export("key", pulumi.Output.secret({"k": 1}))
        return bucket

    program = evaluate(make)
    b = program.by_name("b")
    assert b.inputs == {"tags": {"a": "s", "b": "t"}, "rules": [{"k": 1}], "tagsAll": 1}
    assert b.secrets == {"tags.a"}
    assert b.is_secret("tags.a")
    assert b.is_secret("tags")
    whole = replace(b, secrets=frozenset({"tags", "rules"}))
    assert whole.is_secret("tags.a")
    assert whole.is_secret("rules[0].k")
    assert not whole.is_secret("tagsAll")
    with pytest.raises(
        PulumiTestError, match=r"b has no input tagz; there are rules, rules\[0\], rules\[0\].k, t"
    ):
        b.is_secret("tagz")
    assert not b.is_secret("tags.b")
    assert not b.is_secret("rules")
    assert program.outputs == {"key": {"k": 1}}
    assert program.secret_outputs == {"key"}


def test_a_secret_of_the_provider_stays_secret_on_its_way():
    def make():
        Policy("p", text=Bucket("b").arn)

    program = evaluate(make, cloud=Cloud(outputs={"Bucket": {"arn": Secret("hush")}}))
    assert program.one(Policy).inputs == {"text": "hush"}
    assert program.one(Policy).secrets == {"text"}


def test_assets_are_the_sdks_own():
    def make():
        archive = pulumi.AssetArchive({"a.txt": pulumi.StringAsset("hello")})
        Bucket("b", code=pulumi.FileArchive("."), text=archive, far=pulumi.RemoteAsset("http://x"))

    inputs = evaluate(make).by_name("b").inputs
    assert inputs["code"].path == "."
    assert inputs["text"].assets["a.txt"].text == "hello"
    assert inputs["far"].uri == "http://x"


def test_numbers_stay_whole_and_null_is_absent():
    b = evaluate(lambda: Bucket("b", size=3, share=0.5, none=None, deep={"x": None})).by_name("b")
    assert b.inputs == {"size": 3, "share": 0.5, "deep": {}}
    assert isinstance(b.inputs["size"], int)
    with pytest.raises(KeyError, match="'sise'; there are deep, share, size"):
        b.inputs["sise"]


def test_lookups_print_the_tree_with_what_was_looked_for():
    program = evaluate(lambda: Pair("p"))
    for look, said in (
        (lambda: program.by_name("q"), "Looked for one resource named q: found none."),
        (lambda: program.by_name("p-*"), "found p-bucket (toy:storage/bucket:Bucket), p-policy"),
        (lambda: program.one("Queue"), "Looked for one Queue: found none."),
        (lambda: program.one(Bucket, "x"), "one toy:storage/bucket:Bucket named x: found none"),
        (lambda: program.by_type("Queue"), "a resource of type Queue: found none"),
        (lambda: program.by_urn("urn:x"), "a resource urn:x: found none"),
        (lambda: program.where(lambda r: r.read), "the condition holds: found none"),
        (lambda: program.assert_none(Bucket), "no toy:storage/bucket:Bucket: found p-bucket"),
    ):
        with pytest.raises(AssertionError) as caught:
            look()
        assert said in str(caught.value)
        assert "│  ├─ p-bucket" in str(caught.value) or "   ├─ p-bucket" in str(caught.value)
    program.assert_none("Queue")
    for end in ("Bucket", "bucket:Bucket", "storage/bucket:Bucket"):
        with pytest.raises(AssertionError, match="found p-bucket"):
            program.assert_none(end)
    program.assert_none("ucket")
    assert [r.name for r in program.by_type("Policy")] == ["p-policy"]
    assert [r.name for r in program.where(lambda r: not r.custom)] == ["project-dev", "p"]
    with pytest.raises(TypeError, match="Pair has no type token; name the type by the text"):
        program.by_type(Pair)


def test_two_resources_of_one_urn_fail_as_in_the_engine():
    with pytest.raises(
        PulumiTestError, match=r"Two resources have the URN .*::same: made at .*py:"
    ):
        evaluate(lambda: (Bucket("same"), Bucket("same")))


def test_what_the_program_raises_is_raised_with_what_it_had_made():
    def make():
        Bucket("b").id.apply(lambda _id: 1 / 0)

    with pytest.raises(ZeroDivisionError, match=r"^division by zero$") as caught:
        evaluate(make)
    assert [r.name for r in caught.value.pulumi_program.resources] == ["project-dev", "b"]


def test_what_the_cloud_raises_is_raised():
    def refuse(_resource):
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        evaluate(lambda: Bucket("b"), cloud=Cloud(outputs=refuse))


def test_what_a_cloud_cannot_answer_is_said():
    with pytest.raises(PulumiTestError, match=r"A provider cannot answer .*object.*; answer with"):
        evaluate(lambda: Bucket("b"), cloud=Cloud(outputs={"Bucket": {"arn": object()}}))


def test_a_program_that_never_ends_is_stuck_and_says_which_assertion_waits():
    def check(value):
        assert value

    def make():
        Bucket("b")
        never = pulumi.Output.from_input(asyncio.get_running_loop().create_future())
        pulumi.export("never", never.apply(check))

    line = check.__code__.co_firstlineno
    said = rf"not end within 0.5 s.* Waiting: the callback at .*:{line}\.[\s\S]*└─ b"
    with pytest.raises(ProgramStuckError, match=said):
        evaluate(make, timeout=0.5)


def test_programs_and_resources_can_be_collected_in_sets_and_are_not_to_be_changed():
    program, same = evaluate(lambda: Bucket("b")), evaluate(lambda: Bucket("b"))
    assert len({program, same, *program.resources, *same.resources}) == 6
    with pytest.raises(AttributeError):
        program.one(Bucket).protect = True


def test_only_a_star_is_special_in_a_name():
    program = evaluate(lambda: (Bucket("a[0]"), Bucket("a[1]"), Bucket("a?")))
    assert program.by_name("a[0]").name == program.one(Bucket, "*0]").name == "a[0]"
    assert program.by_name("a?").name == "a?"


def test_a_tree_shows_what_guards_a_resource():
    def make():
        guards = {"protect": True, "retain_on_delete": True, "aliases": [pulumi.Alias("old")]}
        Bucket("b", opts=pulumi.ResourceOptions(**guards))
        Bucket("plain")

    [guarded, plain] = evaluate(make).tree.splitlines()[1:]
    assert "Bucket  (protected, retained, aliased)  " in guarded
    assert "(" not in plain


def test_a_tree_shows_the_first_200_lines():
    program = evaluate(lambda: [Bucket(f"b{i:03}") for i in range(230)])
    lines = program.tree.splitlines()
    assert len(lines) == 201
    assert lines[-1] == "… and 31 more"
    assert "(no resources)" in draw([])


def test_messages_and_values():
    def make():
        pulumi.log.warn("beware")
        pulumi.log.debug("hm")
        return Bucket("b", tags={"a": "x"})

    program = evaluate(make, cloud=ARNS)
    assert [(m.severity, m.text) for m in program.messages] == [("warning", "beware")]
    assert program.value(program.returned.arn) == "arn:1"
    assert program.value(program.returned.tags.apply(len)) == 1


def test_components_register_outputs():
    program = evaluate(lambda: Pair("p"), cloud=ARNS)
    assert program.by_name("p").outputs == {"arn": "arn:1"}
    assert program.by_name("p").custom is False


def test_evaluations_know_nothing_of_each_other():
    first = evaluate(lambda: Bucket("b"), stack="one", config={"a": "1"})
    second = evaluate(lambda: pulumi.Config().get("a"), stack="two")
    assert first.stack.name == "project-one"
    assert [r.name for r in second.resources] == ["project-two"]
    assert second.returned is None


async def _within_a_loop():
    return evaluate(lambda: Bucket("b"))


def test_it_works_inside_a_running_loop():
    assert asyncio.run(_within_a_loop()).by_name("b").id == "b-id"


def test_an_async_program_is_awaited():
    async def make():
        return await Bucket("b").arn.future()

    program = evaluate(make, cloud=ARNS)
    assert program.by_name("b").id == "b-id"
    assert program.returned == "arn:1"


def test_an_async_program_that_pulumi_is_given_is_awaited():
    async def make():
        return {"arn": Bucket("b").arn}

    assert evaluate(lambda: pulumi.run(make), cloud=ARNS).outputs == {"arn": "arn:1"}


def test_an_output_that_was_made_outside_of_the_program_is_said():
    async def outside():
        arn = pulumi.Output.from_input("arn:1").apply(str)
        evaluate(lambda: Bucket("b", tags={"arn": arn}))

    with pytest.raises(PulumiTestError, match=r"an Output that was made outside of it.*inside"):
        asyncio.run(outside())


def test_fifty_resources_take_less_than_a_second():
    evaluate(lambda: Bucket("warm"))
    start = time.process_time()  # of all threads; other programs of a busy machine do not count
    program = evaluate(lambda: [Bucket(f"b{i}", tags={"i": str(i)}) for i in range(50)])
    assert len(program.resources) == 51
    assert time.process_time() - start < 1


def test_an_sdk_that_lacks_a_name_is_said_in_one_sentence(monkeypatch):
    monkeypatch.delattr("pulumi.runtime.run_in_stack")
    spec = importlib.util.spec_from_file_location("sdk_again", sdk.__file__)
    said = r"^pytest-pulumi needs a Pulumi SDK of version 3.270 or later, .*run_in_stack.*pip inst"
    with pytest.raises(UnsupportedSdkError, match=said):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_only_one_file_imports_from_the_sdks_runtime():
    for file in Path(pytest_pulumi.__file__).parent.glob("*.py"):
        text = file.read_text()
        assert ("pulumi.runtime" in text.replace("``pulumi.runtime", "")) is (
            file.name in {"sdk.py", "monitor.py"}
        ), file
        assert "pulumi._" not in text


def test_a_provider_can_answer_whatever_inputs_can_hold():
    wire = {
        "file": {KIND: ASSET, "path": "a"},
        "text": {KIND: ASSET, "text": "b"},
        "far": {KIND: ASSET, "uri": "http://c"},
        "folder": {KIND: ARCHIVE, "path": "d"},
        "parts": {KIND: ARCHIVE, "assets": {"e": {KIND: ASSET, "text": "f"}}},
        "zip": {KIND: ARCHIVE, "uri": "http://g"},
        "list": [1, 0.5, True, {"k": "v"}],
        "unknown": UNKNOWN_MARK,
    }
    assert encode(decode(wire).values) == wire
    assert encode({"s": Secret("x")}) == {"s": {KIND: SECRET, "value": "x"}}
    with pytest.raises(PulumiTestError, match="of a kind that pytest-pulumi does not know: odd"):
        decode({"x": {KIND: "odd"}})
