"""Lazy formats: their queue, the function that makes them, and how readers come to ask for them."""

import json

import pytest

from function.engine.renditions import Rendition
from function.environment import Environment
from pipeline import edge, sizes, view_route
from pipeline.permissions import roles
from pipeline.permissions.documents import to_json
from tests.infra.engine import evaluated, run
from tests.infra.variants import KMS, LATER, LAZY


@pytest.fixture(scope="module")
def later():
    return evaluated("prod", renditions=LATER)


def files(statement: dict) -> list[str]:
    resources = statement["Resource"]
    return [arn.rpartition("/")[2] for arn in ([resources], resources)[isinstance(resources, list)]]


def test_a_stack_without_lazy_formats_has_none_of_it(program):
    assert not program.all("Formats")
    assert not {"formatFunctionName", "formatQueueUrl"} & program.outputs.keys()
    lazy = evaluated("prod", renditions=LAZY)
    assert not lazy.all("Formats")
    assert "FORMAT_QUEUE_URL" not in lazy.one("Function", "-views").inputs["environment"]


def test_their_queue_is_one_of_the_same_kind_as_that_of_backfills(later):
    formats, backfill = later.one("Queue", "-formats"), later.one("Queue", "-backfill")
    assert formats.inputs == backfill.inputs
    redrive, other = (later.one("RedrivePolicy", f"-{part}") for part in ("formats", "backfill"))
    assert redrive.inputs["redrivePolicy"] == other.inputs["redrivePolicy"]
    later.assert_after(redrive, later.one("RedriveAllowPolicy"))
    allow = later.one("RedriveAllowPolicy").policy("redriveAllowPolicy")
    assert formats.outputs["arn"] in allow["sourceQueueArns"]
    assert len(allow["sourceQueueArns"]) == 3
    (statement,) = json.loads(later.one("QueuePolicy", "-formats").inputs["policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert later.outputs["formatQueueUrl"] == formats.outputs["url"]


def test_the_function_is_that_for_first_views_with_another_entry_and_nothing_reserved(later):
    function, views = (later.one("Function", f"-{part}").inputs for part in ("formats", "views"))
    own = {"handler", "description", "reservedConcurrentExecutions", "role", "loggingConfig"}
    assert {key for key in views if function.get(key) != views[key]} == own
    assert function["handler"] == "function.format_handler.handle"
    assert "reservedConcurrentExecutions" not in function
    assert later.outputs["formatFunctionName"] == later.one("Function", "-formats").outputs["name"]
    variables = function["environment"]["variables"]
    assert variables["FORMAT_QUEUE_URL"] == later.outputs["formatQueueUrl"]
    read = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
    made = [(each.name, *each.formats) for each in read.format_task.renditions]
    assert made == [("large", "avif"), ("grid", "avif", "webp")]


def test_one_message_at_a_time_and_few_at_once(later):
    mapping = later.one("EventSourceMapping", "-formats").inputs
    assert mapping["batchSize"] == 1
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["eventSourceArn"] == later.one("Queue", "-formats").outputs["arn"]
    more = evaluated("prod", renditions=LATER, backfillConcurrency=7)
    scaling = more.one("EventSourceMapping", "-formats").inputs["scalingConfig"]
    assert scaling == {"maximumConcurrency": 7}
    assert "enabled" not in mapping


def test_it_writes_lazy_formats_alone_and_reads_its_queue(later):
    statements = later.one("RolePolicy", "-formats").statements()
    assert files(statements["WriteRenditions"]) == ["large.avif", "grid.avif", "grid.webp"]
    assert files(statements["EnterInManifests"]) == ["manifest.json"]
    assert statements["UseQueue"]["Action"] == [
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    ]
    assert statements["UseQueue"]["Resource"] == later.one("Queue", "-formats").outputs["arn"]
    assert statements.keys() == {
        *("UseQueue", "ReadUploads", "TellMissingFromDenied", "EnterInManifests"),
        *("WriteRenditions", "WriteLog", "WriteTraces"),
    }


def test_first_views_read_lazy_formats_and_what_stands_in_and_send(later):
    statements = later.one("RolePolicy", "-views").statements()
    assert files(statements["WriteRenditions"]) == ["grid.png"]
    assert statements["ReadFormats"]["Action"] == ["s3:GetObject"]
    assert files(statements["ReadFormats"]) == ["large.*", "grid.*"]
    assert statements["AskForFormats"]["Action"] == ["sqs:SendMessage"]
    assert statements["AskForFormats"]["Resource"] == later.one("Queue", "-formats").outputs["arn"]


def test_a_stack_of_lazy_formats_alone_has_no_view_that_writes_a_rendition():
    alone = evaluated("prod", renditions=[LATER[0], LATER[2]])
    statements = alone.one("RolePolicy", "-views").statements()
    assert "WriteRenditions" not in statements
    assert files(statements["ReadFormats"]) == ["large.*"]


def test_the_resizer_makes_what_is_made_at_upload_and_deletes_the_rest(later):
    statements = later.one("RolePolicy", "-resizer").statements()
    assert files(statements["WriteRenditions"]) == ["manifest.json", "large.jpg", "thumb.jpg"]
    assert files(statements["ReadLazyRenditions"]) == [
        *("grid.png", "large.avif", "grid.avif", "grid.webp")
    ]


def test_with_kms_and_a_vpc_it_uses_both():
    vpc = {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}
    private = evaluated("prod", **KMS, renditions=LATER, vpc=vpc)
    statements = private.one("RolePolicy", "-formats").statements()
    assert statements["UseKey"]["Resource"] == private.one("Key").outputs["arn"]
    assert "ConnectToVpc" in statements
    function = private.one("Function", "-formats").inputs
    assert function["vpcConfig"]["subnetIds"] == ["subnet-0a1b2c3d"]


def test_readers_who_accept_it_are_sent_to_a_lazy_format(later):
    distribution = later.one("Distribution").inputs
    patterns = [each["pathPattern"] for each in distribution["orderedCacheBehaviors"]]
    assert patterns == [
        *("*/large", "*/large.avif"),
        *("*/grid", "*/grid.png", "*/grid.avif", "*/grid.webp"),
    ]
    assert {each["targetOriginId"] for each in distribution["orderedCacheBehaviors"]} == {
        "first-view"
    }
    (code,) = [f.inputs["code"] for f in later.all("Function") if "RENDITIONS" in str(f.inputs)
               and "code" in f.inputs and isinstance(f.inputs["code"], str)]  # fmt: skip
    assert 'const RENDITIONS = {"large":["jpg","avif"],' in code
    assert 'const NEGOTIATED = ["avif","webp"];' in code
    assert len(code) < edge.MAX_BYTES


def test_they_are_watched(later):
    watched = {}
    for alarm in later.all("MetricAlarm"):
        if "format" in alarm.name:
            (query,) = alarm.inputs["metricQueries"]
            watched[alarm.name.rpartition("prod-")[2]] = query["metric"]["dimensions"]
    assert watched == {
        "formats-errors-alarm": {"FunctionName": later.outputs["formatFunctionName"]},
        "oldest-format-alarm": {"QueueName": later.one("Queue", "-formats").outputs["name"]},
    }


def test_a_preview_of_a_new_stack_breaks_no_guardrail():
    assert run("prod", preview=True, renditions=LATER).one("Function", "-formats")


@pytest.mark.parametrize(
    ("fields", "behaviors"),
    [
        ({"lazyFormats": ["avif"]}, 2),
        ({"lazyFormats": ["avif", "webp"]}, 3),
        ({"lazyFormats": ["avif", "webp"], "lazy": True}, 4),
        ({"formats": ["jpeg", "png"], "lazyFormats": ["avif", "webp"], "lazy": True}, 5),
    ],
)
def test_as_many_as_cloudfront_takes_fit_into_the_policy_of_both_roles(fields, behaviors):
    """So no check of their lengths is needed (``pipeline/sizes.py``)."""
    made = {"width": 1, "height": 1, "formats": ["jpeg"]} | fields
    renditions = [
        Rendition.parse(made | {"name": f"{n:02}-{'x' * 29}"})
        for n in range(sizes.MAX_BEHAVIORS // behaviors)
    ]
    assert len(list(view_route.patterns(renditions))) == behaviors * len(renditions)
    arns = {
        "source_arn": f"arn:aws-us-gov:s3:::{'s' * 63}",
        "destination_arn": f"arn:aws-us-gov:s3:::{'d' * 63}",
        "log_group_arn": f"arn:aws-us-gov:logs:ap-southeast-1:{'1' * 12}:log-group:{'l' * 63}",
        "key_arn": f"arn:aws-us-gov:kms:ap-southeast-1:{'1' * 12}:key/{'k' * 36}",
        "format_queue_arn": f"arn:aws-us-gov:sqs:ap-southeast-1:{'1' * 12}:{'q' * 80}",
    }
    for policy in (roles.views_role, roles.formats_role):
        document = policy(**arns, renditions=renditions, tracing=True, in_vpc=True)
        assert len(to_json(document)) <= sizes.MAX_ROLE_POLICY
