"""Buckets that the account has: used, looked up, and no resource of theirs is the stack's."""

import json

import pulumi
import pytest
from pulumi_aws import s3

import pytest_pulumi
from pipeline.image_pipeline import ImagePipeline
from pipeline.settings import Settings
from pipeline.settings_checks import SettingsError
from pipeline.sizes import longest
from tests.infra import engine
from tests.infra.engine import REGION, evaluated, run

SOURCE, DESTINATION = "shop.photos", "shop-images"
ADOPTING = {
    "sourceBucket": f"arn:aws:s3:::{SOURCE}",
    "destinationBucket": DESTINATION,
    "uploads": "private",
}


@pytest.fixture(scope="module", params=["dev", "prod"])
def adopting(request):
    return evaluated(request.param, **ADOPTING)


def test_nothing_of_an_adopted_bucket_is_a_resource(adopting):
    made = [r for r in adopting.resources if r.type.startswith("aws:s3/")]
    assert [r for r in made if r.inputs.get("bucket") in (SOURCE, DESTINATION)] == []
    assert [r.name for r in made if not r.name.endswith("-cdn-log")] == []
    outputs = adopting.outputs
    assert (outputs["sourceBucket"], outputs["destinationBucket"]) == (SOURCE, DESTINATION)
    assert outputs["adoptedBuckets"] == "source,destination"
    assert outputs["uploadEndpoint"] == f"https://s3.{REGION}.amazonaws.com/{SOURCE}"


def test_their_events_come_by_a_rule_that_alone_may_send(adopting):
    rule, target = adopting.one("EventRule"), adopting.one("EventTarget")
    assert json.loads(rule.inputs["eventPattern"]) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {
            "bucket": {"name": [SOURCE]},
            "object": {"key": [{"prefix": "uploads/"}]},
        },
    }
    policy = adopting.one("QueuePolicy", "-uploads")
    statements = policy.statements()
    assert set(statements) == {"RuleMaySend", "DenyPlainHttp"}
    assert statements["RuleMaySend"]["Principal"] == {"Service": "events.amazonaws.com"}
    assert statements["RuleMaySend"]["Action"] == "sqs:SendMessage"
    rule_arn = rule.outputs["arn"]
    assert statements["RuleMaySend"]["Condition"] == {"ArnEquals": {"aws:SourceArn": rule_arn}}
    assert target.inputs["rule"] == rule.outputs["name"]
    assert target.inputs["arn"] == statements["RuleMaySend"]["Resource"]
    adopting.assert_after(target, policy)


def test_the_function_reads_and_writes_them_alone(adopting):
    statements = adopting.one("RolePolicy", "-resizer").statements()
    assert statements["ReadUploads"]["Resource"] == f"arn:aws:s3:::{SOURCE}/uploads/*"
    written = statements["WriteRenditions"]["Resource"]
    assert all(arn.startswith(f"arn:aws:s3:::{DESTINATION}/*/") for arn in written)
    function = adopting.one("aws:lambda/function:Function", "-resizer")
    assert function.inputs["environment"]["variables"]["DESTINATION_BUCKET"] == DESTINATION


def test_the_owner_is_told_what_readers_need():
    (anyone,) = json.loads(evaluated("dev", **ADOPTING).outputs["destinationPolicy"])["Statement"]
    assert (anyone["Sid"], anyone["Principal"]) == ("PublicRead", "*")
    assert f"arn:aws:s3:::{DESTINATION}/*/manifest.json" in anyone["Resource"]
    program = evaluated("prod", **ADOPTING)
    (cdn,) = json.loads(program.outputs["destinationPolicy"])["Statement"]
    own = evaluated("prod").one("BucketPolicy", "-destination").statements()["CdnRead"]
    theirs = json.loads(json.dumps(cdn).replace(DESTINATION, "own"))
    own["Resource"] = [arn.split("/", 1)[1] for arn in own["Resource"]]
    theirs["Resource"] = [arn.split("/", 1)[1] for arn in theirs["Resource"]]
    assert theirs == own
    distribution = program.one("Distribution")
    assert cdn["Condition"] == {"StringEquals": {"aws:SourceArn": distribution.outputs["arn"]}}
    origins = [origin["domainName"] for origin in distribution.inputs["origins"]]
    assert origins == [f"{DESTINATION}.s3.{REGION}.amazonaws.com"]


def test_one_bucket_may_be_adopted_and_the_other_the_stacks_own():
    source = evaluated("dev", sourceBucket=SOURCE, uploads="presigned")
    assert source.outputs["adoptedBuckets"] == "source"
    assert "destinationPolicy" not in source.outputs
    assert source.one("BucketPolicy", "-destination").statements()["PublicRead"]
    writes = source.one("RolePolicy", "-signer").statements()["WriteUploads"]
    assert writes["Resource"] == f"arn:aws:s3:::{SOURCE}/uploads/*"
    destination = evaluated("dev", destinationBucket=DESTINATION)
    assert destination.outputs["adoptedBuckets"] == "destination"
    destination.assert_none("EventRule")
    assert destination.one("BucketNotification", "-uploads")
    assert destination.one("BucketPolicy", "-source").statements()["PublicUpload"]


def test_private_uploads_are_only_for_those_whom_a_policy_lets():
    program = evaluated("dev", uploads="private")
    assert set(program.one("BucketPolicy", "-source").statements()) == {
        *("DenyPlainHttp", "DenyOldTls", "DenyIndexUpload")
    }
    block = program.one("BucketPublicAccessBlock", "-source").inputs
    assert block["blockPublicPolicy"] is block["restrictPublicBuckets"] is True
    program.assert_none("FunctionUrl")
    assert not [message for message in program.messages if "Anyone" in message.text]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"sourceBucket": engine.SILENT},
            (
                "sourceBucket names a bucket that does not send its events to EventBridge, and "
                'this stack does not change it; turn that on (docs/adopt.md, "Buckets") and run '
                "this again."
            ),
        ),
        (
            {"sourceBucket": engine.ELSEWHERE},
            (f"sourceBucket must be in the stack's region {REGION}; the bucket is in us-west-2."),
        ),
        (
            {"destinationBucket": engine.ELSEWHERE},
            (
                f"destinationBucket must be in the stack's region {REGION}; the bucket is in "
                "us-west-2."
            ),
        ),
        (
            {"sourceBucket": SOURCE, "destinationBucket": f"arn:aws:s3:::{SOURCE}"},
            (
                "destinationBucket must not be the bucket of the uploads, because a rendition must "
                "not raise the event of an upload; sourceBucket names the same one."
            ),
        ),
    ],
)
def test_a_bucket_of_no_use_ends_the_preview(settings, sentence):
    with pytest.raises(SettingsError) as refused:
        run("dev", preview=True, uploads="private", **settings)
    assert str(refused.value) == sentence


OWN = [
    ("sourceBucket", "image-pipeline-dev-source-12ab34c"),
    ("sourceBucket", "arn:aws:s3:::image-pipeline-dev-destination-1234567"),
    ("destinationBucket", "image-pipeline-dev-source-1234567"),
    ("destinationBucket", "arn:aws:s3:::image-pipeline-dev-destination-1234567"),
]


@pytest.mark.parametrize(("key", "bucket"), OWN)
@pytest.mark.parametrize("named", [{}, {"name": "shop"}], ids=["its name", "its former name"])
def test_a_bucket_that_the_stack_has_made_ends_the_preview(key, bucket, named):
    """An update would delete it, and its policy before that."""
    with pytest.raises(SettingsError) as refused:
        run("dev", preview=True, uploads="private", **{key: bucket}, **named)
    assert str(refused.value).startswith(f"{key} must not be a bucket that this stack has made, ")


@pytest.mark.parametrize("bucket", ["image-pipeline-dev-destination", "dev-destination-1234567"])
def test_a_bucket_with_a_similar_name_is_adopted(bucket):
    assert evaluated("dev", destinationBucket=bucket).outputs["destinationBucket"] == bucket


@pytest.mark.parametrize("name", [engine.SILENT, engine.ELSEWHERE])
def test_the_name_of_a_secret_bucket_is_in_no_error(name):
    def program() -> None:
        secret = pulumi.Output.secret(name)
        ImagePipeline("shop", Settings(source_bucket=secret, uploads="private"))

    with pytest.raises(SettingsError) as refused:
        engine.record(program)
    assert name not in str(refused.value)


def test_a_destination_need_not_send_its_events():
    assert evaluated("dev", destinationBucket=engine.SILENT).outputs["adoptedBuckets"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"uploads": "public"},
            (
                "sourceBucket needs uploads: private or presigned, because the policy of a bucket "
                "that is not the stack's own stays as it is; set uploads."
            ),
        ),
        ({"rejectedUploadDays": 7}, "rejectedUploadDays cannot be set with sourceBucket, "),
        ({"storageClasses": {"STANDARD_IA": 30}}, "storageClasses cannot be set with sourceBucket"),
        ({"accessLog": True}, "accessLog cannot be set with sourceBucket, "),
        (
            {"batchOperationsConcurrency": 5},
            (
                "batchOperationsConcurrency cannot be set with sourceBucket, because it puts lists "
                "of jobs into a bucket that is not the stack's own; leave out "
                "batchOperationsConcurrency."
            ),
        ),
        ({"eventbridge": True}, "eventbridge needs the stack's own destination bucket, "),
        ({"sourceBucket": "fotos-größe"}, "sourceBucket must be a bucket's name or ARN, like "),
        ({"sourceBucket": "a/b"}, "sourceBucket must be a bucket's name or ARN, like "),
        ({"destinationBucket": "arn:aws:s3:::a/*"}, "destinationBucket must be a bucket's name or"),
    ],
)
def test_what_would_change_an_adopted_bucket_is_refused(settings, sentence):
    with pytest.raises(SettingsError) as refused:
        run("dev", **ADOPTING | settings)
    assert str(refused.value).startswith(sentence)
    engine.assert_nothing_was_registered(refused.value)


def test_the_page_needs_a_way_to_upload():
    with pytest.raises(SettingsError, match=r"^site: true needs uploads: public or presigned, "):
        run("dev", site=True, delivery="cdn", uploads="private")


def test_a_bucket_of_the_same_program_is_adopted_once_it_is_known():
    def program() -> None:
        name = pulumi.Output.from_input(SOURCE)
        settings = Settings(source_bucket=name, uploads="private")
        pipeline = ImagePipeline("shop", settings)
        pulumi.export("sourceBucket", pipeline.source_bucket)

    made = engine.record(program)
    assert made.outputs["sourceBucket"] == SOURCE
    assert SOURCE in made.one("EventRule").inputs["eventPattern"]


@pytest.mark.parametrize("preview", [True, False])
def test_buckets_that_the_same_program_makes_are_adopted(preview):
    def program() -> None:
        uploads, images = s3.Bucket("uploads"), s3.Bucket("images")
        told = s3.BucketNotification("uploads", bucket=uploads.bucket, eventbridge=True)
        settings = Settings(
            source_bucket=told.bucket, destination_bucket=images.arn, uploads="private"
        )
        pipeline = ImagePipeline("shop", settings)
        pulumi.export("source", pipeline.source_bucket)
        pulumi.export("destination", pipeline.destination_bucket)

    made = pytest_pulumi.evaluate(program, cloud=engine.AWS, preview=preview)
    assert [r.name for r in made.resources if r.is_a(s3.Bucket)] == ["uploads", "images"]
    if not preview:
        assert made.outputs["source"] == "uploads-1234567"
        assert made.outputs["destination"] == "images-1234567"


def test_the_limits_reckon_with_the_names_that_are_given():
    short = Settings(source_bucket="abc", destination_bucket="xyz", uploads="private")
    variables, role, policy = longest("shop", short)
    assert variables["DESTINATION_BUCKET"] == "xyz"
    assert ":::abc/uploads/*" in role
    assert ":::xyz/*/manifest.json" in policy
    late = Settings(destination_bucket=pulumi.Output.from_input("xyz"))
    assert len(longest("shop", late)[0]["DESTINATION_BUCKET"]) == 63
