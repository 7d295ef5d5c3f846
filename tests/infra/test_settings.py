"""Settings: read as the engine passes them, refused before any resource is made."""

import shutil
from pathlib import Path

import pulumi
import pytest
import yaml

from function.engine.renditions import Rendition, Target
from local import deploy, program
from local.program import evaluate, read_settings
from local.server import Server
from pipeline.configuration import KNOWN, load
from pipeline.pollers import Pollers
from pipeline.settings import KEYS, Settings, SettingsError
from pytest_pulumi import evaluate_folder
from terminal import Failure
from tests.infra.engine import AWS, assert_nothing_was_registered, run

ROOT = Path(__file__).parents[2]

THUMB = {"name": "thumb", "width": 150, "height": 150}

AUTH = {"issuer": "https://login.example.com/", "audience": "photos"}

REFUSED = {
    "memory": [(64, "memory must be 128 to 10240 MB; got 64."), ("lots", "'lots'")],
    "timeout": [(0, "timeout must be 1 to 900 seconds; got 0.")],
    "architecture": [("mips", "architecture must be one of arm64, x86_64; got 'mips'.")],
    "runtime": [("python3.9", "runtime must be one of python3.12, python3.13, python3.14")],
    "batchSize": [(11, "batchSize must be 1 to 10 uploads; got 11.")],
    "maxConcurrency": [
        (1, "maxConcurrency must be 2 to 1000 invocations, or 0; got 1."),
        (-1, "maxConcurrency must be 2 to 1000 invocations, or 0; got -1."),
        (1001, "maxConcurrency must be 2 to 1000 invocations, or 0; got 1001."),
    ],
    "pollers": [
        ({"min": 1, "max": 10}, "pollers min must be 2 to 200 event pollers; got 1."),
        ({"min": 201, "max": 300}, "pollers min must be 2 to 200 event pollers; got 201."),
        ({"min": 2, "max": 1}, "pollers max must be 2 to 2000 event pollers; got 1."),
        ({"min": 2, "max": 2001}, "pollers max must be 2 to 2000 event pollers; got 2001."),
        ({"min": 9, "max": 8}, "pollers min must not be above max; got min 9 and max 8."),
        ({"min": 2}, "pollers must be whole numbers for min and max"),
        ({"min": 2, "max": 9, "most": 9}, "pollers must be whole numbers for min and max"),
        ({"min": 2, "max": True}, "pollers must be whole numbers for min and max"),
        ([2, 9], "pollers must be whole numbers for min and max"),
        ("many", "pollers must be whole numbers for min and max"),
    ],
    "auth": [
        (AUTH, "auth needs uploads: presigned"),
        ({"issuer": "https://login.example.com"}, "auth must be the issuer and the audience, like"),
        ({**AUTH, "jwks": "https://a.example"}, "auth must be the issuer and the audience, like"),
        ({**AUTH, "audience": 7}, "auth must be the issuer and the audience, like"),
        ("https://login.example.com", "auth must be the issuer and the audience, like"),
        ({**AUTH, "issuer": "http://login.example.com"}, "auth issuer must be an https:// address"),
        ({**AUTH, "audience": ""}, "auth audience must be 1 to 200 characters"),
    ],
    "quotaPerHour": [
        (-1, "quotaPerHour must be 0 to 1000000 uploads, or 0; got -1."),
        (10, "quotaPerHour needs auth"),
    ],
    "quotaBytesPerDay": [(10**9, "quotaBytesPerDay needs auth")],
    "uploads": [("open", "uploads must be one of public, presigned, private; got 'open'.")],
    "prefix": [
        ("", "prefix must be folders of letters"),
        ("incoming", "each with a / at its end, like uploads/ or shop/incoming/; got 'incoming'."),
        ("/in/", "prefix must be folders"),
        ("a//b/", "prefix must be folders"),
        ("a/../b/", "prefix must be folders"),
        ("./", "prefix must be folders"),
        ("a*/", "prefix must be folders"),
        ("a?/", "prefix must be folders"),
        ("${aws:username}/", "prefix must be folders"),
        ("a,b/", "prefix must be folders"),
        ("a b/", "prefix must be folders"),
        ("fotos-größe/", "prefix must be folders"),
        ("a%2F/", "prefix must be folders"),
        ("a/\n", "prefix must be folders"),
        (f"{'a' * 100}/", "prefix must have at most 100 letters; got 101."),
        ("_index/", "prefix must not be _index/ or begin with it"),
        ("batch-operations/in/", "prefix must not be batch-operations/ or begin with it"),
    ],
    "formerPrefixes": [
        ("incoming/", "formerPrefixes must be a list"),
        (["incoming"], "formerPrefixes must be folders of letters"),
        (["uploads/"], "formerPrefixes must share no key with prefix"),
        (["uploads/old/"], "uploads/old/ and uploads/ do."),
        (["a/b/", "a/"], "a/ and a/b/ do."),
    ],
    "delivery": [("ftp", "delivery must be one of public, cdn; got 'ftp'.")],
    "encryption": [
        ("none", "encryption must be one of s3, kms; got 'none'."),
        ("kms", "encryption: kms needs delivery: cdn"),
    ],
    "duplicates": [("some", "duplicates must be one of off, exact, near; got 'some'.")],
    "publish": [("later", "publish must be one of at-once, held; got 'later'.")],
    "moderator": [
        ("me@example.com", "moderator must be the ARN of an SQS queue, an SNS topic or a Lambda"),
        ("arn:aws:sqs:us-east-1:123456789012:looks.fifo", "none of which is FIFO"),
        ("arn:aws:iam::123456789012:role/moderator", "moderator must be the ARN of"),
    ],
    "site": [
        ("yes", "site must be true or false; got 'yes'."),
        ("true", "site: true needs delivery: cdn"),
    ],
    "domain": [
        ("photos.example.com", "domain needs delivery: cdn"),
    ],
    "certificateArn": [("arn:aws:acm:us-east-1:1:certificate/a", "certificateArn need each other")],
    "hostedZoneId": [("Z1", "hostedZoneId needs domain")],
    "priceClass": [("cheap", "priceClass must be one of PriceClass_100, PriceClass_200")],
    "wafRequestsPerMinute": [
        (9, "wafRequestsPerMinute must be 10 to 2000000000 or 0; got 9."),
        (10, "wafRequestsPerMinute needs delivery: cdn"),
    ],
    "quality": [("superb", "quality must be one of fast, best; got 'superb'.")],
    "background": [("white", "background must be #rrggbb; got 'white'.")],
    "maxUploadMb": [(0, "maxUploadMb must be 1 to 5000 MB; got 0.")],
    "maxMegapixels": [
        (5000, "maxMegapixels must be 0 to 1000 megapixels; got 5000."),
        (999, "maxMegapixels must be at most"),
    ],
    "logRetentionDays": [(8, "logRetentionDays must be one of 1, 3, 5, 7")],
    "oldVersionDays": [(0, "oldVersionDays must be 1 to 36500 days; got 0.")],
    "rejectedUploadDays": [(-1, "rejectedUploadDays must be 0 to 36500 days; got -1.")],
    "storageClasses": [
        ({"STANDARD_IA": 7}, "storageClasses STANDARD_IA must be 30 to 36500 days; got 7."),
        ({"GLACIER": 90}, "storageClasses must not have GLACIER"),
        ({"STANDARD_IA": "30"}, "storageClasses must be days by storage class, like"),
        ({"STANDARD_IA": True}, "storageClasses must be days by storage class, like"),
        (["STANDARD_IA"], "storageClasses must be days by storage class, like"),
        ("STANDARD_IA", "storageClasses must be days by storage class, like"),
        (30, "storageClasses must be days by storage class, like"),
    ],
    "accessLog": [("yes", "accessLog must be true or false; got 'yes'.")],
    "allowedOrigins": [
        ([], "allowedOrigins must name at least one origin"),
        (["example.com"], "'example.com'"),
        ({"a": 1}, "allowedOrigins must be a list"),
    ],
    "renditions": [
        ([], "renditions must name at least one rendition"),
        ([THUMB, THUMB], "renditions must have distinct names; got 'thumb' twice."),
        ([{"name": "thumb", "width": 1}], "renditions[0] needs 'height'"),
        ([THUMB | {"fit": "stretch"}], "renditions[0] fit must be one of"),
        ([THUMB | {"formats": ["bmp"]}], "renditions[0] formats must be of"),
        ([THUMB | {"formats": "jpeg"}], "renditions[0] formats must be a list"),
        (
            [THUMB | {"quality": 0}],
            "renditions[0] quality must be a whole number of 1 to 100, or a target such as {target",
        ),
        ([THUMB | {"quality": {"target": 64}}], "renditions[0] quality must have a whole number"),
        ([THUMB | {"quality": {"target": "75"}}], "renditions[0] quality must have a whole number"),
        ([THUMB | {"quality": {"goal": 75}}], "renditions[0] quality must be a whole number"),
        ([THUMB | {"width": True}], "renditions[0] width must be"),
        ([THUMB | {"name": "Thumb/1"}], "renditions[0] name must be"),
        ([THUMB | {"lazy": True}], "renditions must name at least one without lazy: true."),
        ([THUMB | {"lazy": "yes"}], "renditions[0] lazy must be true or false; got 'yes'."),
        ([THUMB | {"depth": 3}], "renditions[0] has no field 'depth'"),
        (["thumb"], "renditions[0] must be a mapping"),
        ("thumb", "renditions must be a list"),
    ],
    "kmsKeyArn": [
        ("alias/photos", "kmsKeyArn must be a key's ARN like"),
        ("arn:aws:kms:us-east-1:123456789012:alias/photos", "kmsKeyArn must be a key's ARN like"),
        ("arn:aws:kms:us-east-1:123456789012:key/1", "kmsKeyArn needs encryption: kms"),
    ],
    "alarmTopicArn": [
        ("on-call", "alarmTopicArn must be a topic's ARN like"),
        ("arn:aws:sqs:us-east-1:123456789012:on-call", "alarmTopicArn must be a topic's ARN like"),
    ],
    "permissionsBoundary": [
        ("boundary", "permissionsBoundary must be a managed policy's ARN like"),
        ("arn:aws:iam::123456789012:role/a", "permissionsBoundary must be a managed policy's ARN"),
    ],
    "tags": [
        ({"Stack": "a"}, "tags must not have Stack: the stack sets Stack; rename it."),
        ({"project": "a"}, "tags must not have project: the stack sets Project; rename it."),
        (
            {"Team": "a", "team": "b"},
            "tags must not have both Team and team, which are one key",
        ),
        ({"aws:a": "b"}, "no key may start with aws:; got 'aws:a': 'b'."),
        ({"AWS:a": "b"}, "no key may start with aws:; got 'AWS:a': 'b'."),
        ({"": "b"}, "tags must have keys of 1 to 128"),
        ({"a" * 129: "b"}, "tags must have keys of 1 to 128"),
        ({"a": "b" * 257}, "tags must have keys of 1 to 128"),
        ({"a": "b;c"}, "got 'a': 'b;c'."),
        ({str(n): "b" for n in range(48)}, "tags must be at most 47; got 48."),
        ({"a": 1}, "tags must be texts by key, like {Team: photos}; got {'a': 1}."),
        (["a"], "tags must be texts by key, like {Team: photos}; got ['a']."),
        ("a", "tags must be texts by key"),
    ],
    "vpc": [
        ({"subnets": ["subnet-0a1b2c3d"]}, "vpc must be lists of subnets and securityGroups, like"),
        ({"subnets": "subnet-0a1b2c3d", "securityGroups": []}, "vpc must be lists of subnets"),
        ("vpc-0a1b2c3d", "vpc must be lists of subnets and securityGroups, like"),
        ({"subnets": [], "securityGroups": ["sg-0a1b2c3d"]}, "vpc subnets must be 1 to 16 ids"),
        (
            {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"] * 6},
            "vpc securityGroups must be 1 to 5 ids; got 6.",
        ),
        (
            {"subnets": ["subnet-0a1b2c3d"] * 17, "securityGroups": ["sg-0a1b2c3d"]},
            "vpc subnets must be 1 to 16 ids; got 17.",
        ),
        (
            {"subnets": ["sg-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]},
            "vpc subnets must be ids like subnet-0a1b2c3d4e5f60718; got 'sg-0a1b2c3d'.",
        ),
        (
            {"subnets": ["subnet-0a1b2c3d"], "securityGroups": [7]},
            "vpc securityGroups must be ids like sg-0a1b2c3d4e5f60718; got 7.",
        ),
    ],
    "alarmEmail": [("nobody", "alarmEmail must be an e-mail address; got 'nobody'.")],
    "monthlyBudgetUsd": [
        (-1, "monthlyBudgetUsd must be 0 to 1000000 USD; got -1."),
        (50, "monthlyBudgetUsd needs alarmEmail"),
    ],
    "hdr": [("lost", "hdr must be one of keep, drop; got 'lost'.")],
    "negotiate": [(["jpeg"], "negotiate must be one of avif, webp; got 'jpeg'.")],
    "encoders": [("v0.2", "encoders must be one of current, smaller, v0.1; got 'v0.2'.")],
    "nativeDecoder": [("no", "nativeDecoder must be true or false; got 'no'.")],
    "monitoring": [
        ("some", "monitoring must be one of off, lean, full; got 'some'."),
        ("", "monitoring must be one of off, lean, full; got ''."),
    ],
    "tracing": [("yes", "tracing must be true or false; got 'yes'.")],
    "eventbridge": [(1, "eventbridge must be true or false; got '1'.")],
    "protect": [("False", "protect must be true or false; got 'False'.")],
    "memroy": [(1024, "memroy is not a setting of this stack")],
}


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [(key, value, sentence) for key, cases in REFUSED.items() for value, sentence in cases],
)
def test_refused_in_a_sentence_that_names_the_key(key, value, sentence):
    with pytest.raises(SettingsError) as error:
        run("dev", **{key: value})
    assert sentence in str(error.value)
    assert key in str(error.value)
    assert "\n" not in str(error.value)


def test_a_target_needs_the_current_encoders():
    aimed = [THUMB | {"quality": {"target": 75}}]
    with pytest.raises(
        SettingsError, match=r"^renditions need a number as quality with encoders: v0.1"
    ):
        run("dev", renditions=aimed, encoders="v0.1")
    (rendition,) = run("dev", renditions=aimed).settings.renditions
    assert rendition.quality == Target(75)


CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"


@pytest.mark.parametrize(
    ("domain", "certificate", "sentence"),
    [
        ("https://photos.example.com", CERTIFICATE, "domain must be like photos.example.com"),
        ("photos.example.com", "", "domain and certificateArn need each other"),
        (
            "photos.example.com",
            CERTIFICATE.replace("us-east-1", "eu-central-1"),
            "certificateArn must be of a certificate in us-east-1",
        ),
    ],
)
def test_a_domain_needs_a_certificate_that_cloudfront_finds(domain, certificate, sentence):
    with pytest.raises(SettingsError, match=sentence):
        run("dev", delivery="cdn", domain=domain, certificateArn=certificate)


class Unasked(pulumi.runtime.Mocks):
    """A provider that is never asked: the program does not start."""

    def new_resource(self, args):
        raise NotImplementedError

    def call(self, args):
        raise NotImplementedError


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """Copy what Pulumi reads of this repository, for a test to change."""
    for file in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def renamed(checkout) -> Path:
    """Change `name:` in Pulumi.yaml alone, as `pulumi new` does."""
    text = (checkout / "Pulumi.yaml").read_text()
    (checkout / "Pulumi.yaml").write_text(text.replace("name: image-pipeline", "name: photos", 1))
    (checkout / "Pulumi.prod.yaml").write_text("config:\n  image-pipeline:uploads: presigned\n")
    return checkout


def test_a_renamed_project_refuses_the_keys_of_its_former_name(renamed):
    with pytest.raises(SettingsError) as error:
        evaluate_folder(renamed, stack="prod", cloud=AWS)
    assert str(error.value) == (
        "image-pipeline:uploads is not read, because the project is named photos; in "
        "Pulumi.prod.yaml, rename it to photos:uploads, and every other image-pipeline: key with "
        "it."
    )
    assert_nothing_was_registered(error.value)
    with pytest.raises(SettingsError, match="photos:uploads"):
        read_settings("prod")


def test_every_key_of_another_project_is_refused():
    for key in KNOWN:
        for written in (f"former:{key}", f"former:config:{key}"):
            pulumi.runtime.set_all_config({written: "1"})
            with pytest.raises(SettingsError, match=f"^{written} is not read.*:{key}, and every"):
                load()


def test_a_renamed_project_reads_renamed_keys(renamed):
    (renamed / "Pulumi.prod.yaml").write_text("config:\n  photos:uploads: presigned\n")
    assert read_settings("prod").uploads == "presigned"
    given = {"delivery": "cdn"}
    outputs = evaluate_folder(renamed, stack="prod", config=given, cloud=AWS).outputs
    assert outputs["sourceBucket"].startswith("photos-prod-")
    assert outputs["uploadEndpoint"].endswith(".on.aws/")


def test_the_embedded_aws_knows_renamed_keys_by_the_settings_names(renamed, tmp_path, monkeypatch):
    (renamed / "Pulumi.prod.yaml").write_text("config:\n  photos:uploads: presigned\n")
    monkeypatch.setattr(deploy, "evaluate", lambda *_given: {})  # nothing is deployed
    server = Server(folder=tmp_path, port=1, pid=0)
    deploy.deploy(server, "prod")
    assert server.settings["uploads"] == "presigned"


def test_keys_that_pulumi_or_a_provider_reads_are_left_alone():
    keys = {"pulumi:tags": {"a": "b"}, "pulumi:protect": "x", "aws:timeout": 1, "team:owner": "me"}
    assert run("dev", **keys).one("Function").inputs["timeout"] == 60


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("image-pipeline:alarmEmail: {secure: v1:x}", "image-pipeline:alarmEmail"),
        ("image-pipeline:allowedOrigins: [{secure: v1:x}]", "image-pipeline:allowedOrigins"),
        ("aws:endpoints: [{s3: {secure: v1:x}}]", "aws:endpoints"),
    ],
)
def test_a_secret_read_without_the_engine_is_one_sentence(checkout, line, key):
    (checkout / "Pulumi.prod.yaml").write_text(f"config:\n  {line}\n")
    for read in (read_settings, lambda stack: evaluate(stack, Unasked())):
        with pytest.raises(Failure) as error:
            read("prod")
        assert str(error.value) == (
            f"{key} in Pulumi.prod.yaml is encrypted, and only the Pulumi engine can decrypt it; "
            f"store it as plain text: `pulumi config set --stack prod --plaintext {key} VALUE`."
        )


@pytest.mark.parametrize(
    "text",
    ["", "encryptionsalt: v1:x\n", "config:\n", "config:\n  aws:secretKey: {secure: v1:x}\n"],
)
def test_a_stack_file_without_settings_means_the_defaults(checkout, text):
    (checkout / "Pulumi.prod.yaml").write_text(text)
    assert read_settings("prod") == Settings()


TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"


def test_alarms_of_an_adopted_topic_are_mailed_by_its_owner():
    with pytest.raises(SettingsError, match="alarmEmail cannot subscribe to alarmTopicArn"):
        run("dev", alarmTopicArn=TOPIC, alarmEmail="a@example.com")
    with pytest.raises(SettingsError, match="alarmTopicArn needs monitoring: lean or full"):
        run("dev", alarmTopicArn=TOPIC, monitoring="off")


def test_files_of_the_page_take_fewer_tags():
    most = {str(n): "" for n in range(7)}
    assert Settings(tags=most, site=True, delivery="cdn").tags == most
    with pytest.raises(SettingsError, match="tags must be at most 7 with site; got 8"):
        Settings(tags={**most, "8": ""}, site=True, delivery="cdn")
    assert len(Settings(tags={str(n): "" for n in range(47)}).tags) == 47


def test_kms_needs_presigned_uploads():
    with pytest.raises(SettingsError, match="encryption: kms needs uploads: presigned"):
        run("dev", encryption="kms", delivery="cdn")


def test_nothing_is_registered_when_a_setting_is_refused():
    with pytest.raises(SettingsError) as error:
        run("dev", memory=1)
    assert_nothing_was_registered(error.value)


def test_errors_end_the_program_without_a_traceback():
    assert issubclass(SettingsError, pulumi.RunError)


def test_pulumi_yaml_declares_the_same_keys_types_and_defaults():
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    undeclared = ("renditions", "negotiate", "auth", "pollers", "storage_classes", "tags", "vpc")
    defaults = Settings()
    expected = {
        key: getattr(defaults, name) for name, key in KEYS.items() if name not in undeclared
    }
    given = {key: value["default"] for key, value in declared.items()}
    given |= {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    expected |= {"name": "", "formerNames": ()}
    assert given == expected
    types = {"integer": int, "string": str, "array": tuple, "boolean": bool}
    assert {key: types[value["type"]] for key, value in declared.items()} == {
        key: str if isinstance(value, str) else type(value) for key, value in expected.items()
    }
    assert all(value["description"] for value in declared.values())


def test_renditions_of_the_stack_reach_the_policies_and_the_function():
    renditions = [THUMB | {"formats": ["webp"], "fit": "cover"}]
    program = run("dev", renditions=renditions)
    read = program.one("BucketPolicy", "-destination").statements()["PublicRead"]
    public = ["manifest.json", "thumb.???", "thumb.????"]
    assert [arn.rsplit("/", 1)[-1] for arn in read["Resource"]] == public
    write = program.one("RolePolicy", "-resizer").statements()["WriteRenditions"]
    assert [arn.rsplit("/", 1)[-1] for arn in write["Resource"]] == ["manifest.json", "thumb.webp"]
    assert Rendition.parse(renditions[0]).formats == ("webp",)


@pytest.mark.parametrize(
    ("keys", "needed"),
    [
        ({"timeout": 44, "batchSize": 4}, 45),
        ({"timeout": 60, "batchSize": 6}, 65),
        ({"timeout": 14, "batchSize": 1, "memory": 3008}, 15),
    ],
)
def test_a_batch_of_the_slowest_uploads_fits_into_the_timeout(keys, needed):
    with pytest.raises(SettingsError, match=f"timeout must be at least {needed} at batchSize"):
        run("dev", **keys)
    assert run("dev", **keys | {"timeout": needed})


def test_pollers_are_read_where_no_concurrency_is_set():
    keys = {"image-pipeline:pollers": '{"min": 2, "max": 2000}'}
    pulumi.runtime.set_all_config(keys | {"image-pipeline:maxConcurrency": "0"})
    assert load().pollers == Pollers(min=2, max=2000)


def test_pollers_and_a_ceiling_of_invocations_exclude_each_other():
    with pytest.raises(SettingsError) as error:
        run("dev", pollers={"min": 2, "max": 9}, maxConcurrency=10)
    assert str(error.value) == (
        "pollers needs maxConcurrency: 0, because AWS takes only one of the two; set "
        "maxConcurrency to 0 (got 10) or leave out pollers."
    )


def test_a_small_function_limits_an_upload_by_its_timeout():
    assert run("dev", timeout=10, batchSize=4, memory=1023).one("Function").inputs["timeout"] == 10
