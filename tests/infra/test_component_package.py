"""The component for other languages: its schema, and a program's arguments as settings."""

import ast
import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.provider import server
from pulumi.provider.experimental.analyzer import ComponentDefinition, is_optional
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.util import camel_case
from pulumi.provider.server import ProviderServicer
from pulumi.resource import DependencyResource
from pulumi.runtime.config import set_all_config

import image_pipeline
from function.contract import StackOutput
from function.engine.renditions import Rendition, Target
from image_pipeline import arguments
from image_pipeline.component import ImagePipeline
from image_pipeline.conversion import settings_of
from image_pipeline.provider import NAME, Provider, Servicer, main
from pipeline import configuration
from pipeline import image_pipeline as program
from pipeline.auth import Auth
from pipeline.settings import KEYS, Pollers, Settings, SettingsError
from tests.infra.engine import EVERYTHING, Program, record, run

ROOT = Path(__file__).parents[2]
SNAPSHOT = Path(__file__).with_name("component_schema.json")
PACKAGE = ROOT / "packages" / "component" / "image_pipeline"
COMPONENT = f"{NAME}:index:ImagePipeline"
KNOWN_LATE = {
    *("alarmEmail", "certificateArn", "hostedZoneId"),
    *("alarmTopicArn", "kmsKeyArn", "permissionsBoundary"),
    *("sourceBucket", "destinationBucket", "moderator"),
}
"""Arguments that a program may give as outputs."""

NO_ARGUMENTS = {
    "name": "a component's name is the first argument of every resource",
    "formerNames": "they are the option `aliases` of every resource",
}
"""Settings of a stack that are no arguments, and the reason."""


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider()


@pytest.fixture(scope="module")
def schema(provider) -> dict[str, Any]:
    return json.loads(provider.schema)


@pytest.fixture(scope="module")
def definition(provider) -> ComponentDefinition:
    return provider.analyzer.analyze_component(ImagePipeline)


@pytest.fixture(scope="module")
def component(schema) -> dict[str, Any]:
    return schema["resources"][COMPONENT]


def test_the_schema_is_the_snapshot(schema):
    text = json.dumps(schema, indent=1, sort_keys=True) + "\n"
    if os.environ.get("RECORD"):
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text(), "if intended: RECORD=1, and say so in CHANGELOG.md"


def test_urns_agree_with_those_of_the_stack(schema):
    assert list(schema["resources"]) == ["image-pipeline:index:ImagePipeline"]


def test_the_sdks_have_the_same_names_wherever_the_plugin_comes_from(schema):
    """From git, the engine takes the owner in the address for a namespace that is missing."""
    assert schema["namespace"] == "pulumi"


def test_one_version_everywhere(schema):
    project = (ROOT / "pyproject.toml").read_text()
    assert f'\nversion = "{image_pipeline.VERSION}"\n' in project
    assert schema["version"] == image_pipeline.VERSION


def test_each_setting_is_an_argument_with_its_description_and_default(component):
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert [declared.pop(key) for key in NO_ARGUMENTS]
    arguments_ = component["inputProperties"]
    assert set(arguments_) == set(KEYS.values()) >= set(declared)
    kinds = {"integer", "string", "boolean", "array"}
    for key, setting in declared.items():
        argument, default = arguments_[key], setting["default"]
        shown = ", ".join(default) if isinstance(default, list) else str(default)
        shown = shown.lower() if isinstance(default, bool) else shown
        text = f"{setting['description']}." + (f" Default: {shown}." if shown else "")
        assert argument["description"] == text
        assert setting["type"] in kinds
        assert argument.get("type", "string") == setting["type"], key


def test_the_outputs_are_those_of_the_stack(component):
    assert set(component["properties"]) == {str(name) for name in StackOutput}
    optional = set(component["properties"]) - set(component["required"])
    of_the_program = {
        name for name, kind in program.ImagePipeline.__annotations__.items() if is_optional(kind)
    }
    assert optional == set(map(camel_case, of_the_program))


def test_everything_is_described(schema, component):
    objects = [component, *schema["types"].values()]
    described = [item for found in objects for item in found.get("enum", [])]
    for found in objects:
        for part in ("properties", "inputProperties"):
            described += (found.get(part) or {}).values()
    assert len(described) > 80
    assert [item for item in [*objects, *described] if not item.get("description")] == []


def test_only_what_may_be_known_late_is_an_input(component):
    plain = {key for key, found in component["inputProperties"].items() if found.get("plain")}
    assert set(KEYS.values()) - plain == KNOWN_LATE
    late = {f.name for f in fields(Settings) if f.type == pulumi.Input[str]}
    assert {KEYS[name] for name in late} == KNOWN_LATE


INSTEAD = {"Rendition": {"qualityTarget"}}
"""Arguments for the second type that a setting takes: the analyzer refuses unions."""


@pytest.mark.parametrize(
    ("kind", "of"), [("Rendition", Rendition), ("Auth", Auth), ("Pollers", Pollers)]
)
def test_nested_objects_have_the_fields_of_their_settings(schema, kind, of):
    names = of.fields if hasattr(of, "fields") else {field.name for field in fields(of)}
    properties = set(schema["types"][f"{NAME}:index:{kind}"]["properties"])
    spelled = {re.sub("_(.)", lambda found: found[1].upper(), name) for name in names}
    assert properties == spelled | INSTEAD.get(kind, set())


ENUMERATIONS = {
    name: kind
    for name, kind in arguments.ImagePipelineArgs.__annotations__.items()
    if isinstance(kind, type) and issubclass(kind, StrEnum)
}
WITH = {
    "delivery": {},
    "encryption": {"uploads": "presigned", "delivery": "cdn"},
    "architecture": {},
}


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_an_enumeration_has_the_values_that_the_setting_takes(name):
    kind = ENUMERATIONS[name]
    for member in kind:
        settings = settings_of({**WITH.get(name, {}), name: member.value})
        assert getattr(settings, name) == member.value
    with pytest.raises(SettingsError) as refused:
        settings_of({name: "neither"})
    assert f"{KEYS[name]} must be one of {', '.join(kind)};" in str(refused.value)


FURTHER = {
    "renditions": [
        {"name": "thumb", "width": 150.0, "height": 150.0, "fit": "cover", "formats": ["avif"]}
    ],
    "pollers": {"min": 2.0, "max": 10.0},
    "maxConcurrency": 0.0,
    "auth": {"issuer": "https://login.example.com/", "audience": "photos"},
    "memory": 2048.0,
    "allowedOrigins": ["https://app.example.com"],
    "tracing": False,
    "tags": {"Team": "photos"},
    "prefix": "shop/in/",
    "formerPrefixes": ["uploads/"],
}
"""As the engine sends them: every number is a float."""


def test_arguments_become_the_settings_that_a_stack_file_becomes(provider, definition):
    given = EVERYTHING | {"uploads": "presigned", "delivery": "cdn"} | FURTHER
    args = provider.map_inputs(given, definition)
    set_all_config({})  # another test may have read a stack of the embedded AWS
    in_the_file = {"logRetentionDays": 30, "protect": False} | _whole(given)
    assert settings_of(args) == run("prod", **in_the_file).settings


BOX = {"name": "a", "width": 9.0, "height": 9.0}


def test_a_target_is_an_argument_of_its_own(provider, definition):
    renditions = [BOX | {"qualityTarget": 75.0}, BOX | {"name": "b", "quality": 75.0}]
    aimed, given = settings_of(
        provider.map_inputs({"renditions": renditions}, definition)
    ).renditions
    assert (aimed.quality, given.quality) == (Target(75), 75)
    # Of a program whose language has no types.
    mapping = [BOX | {"quality": {"target": 75.0}}]
    assert settings_of({"renditions": mapping}).renditions == (aimed,)


def test_a_target_needs_the_current_encoders():
    args = {"renditions": [BOX | {"quality_target": 75}], "encoders": "v0.1"}
    with pytest.raises(SettingsError, match="renditions need a number as quality"):
        settings_of(args)


def _whole(value: Any) -> Any:
    """Return a value as YAML has it, with whole numbers."""
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) else value


UNKNOWN = {
    "memroy": ({"memroy": 2048.0}, "memroy is unknown; there are memory, timeout, "),
    "no rendition": (
        {"renditions": ["large"]},
        "renditions[0] must be an object with name, width, height, ",
    ),
    "rendition": (
        {"renditions": [{"name": "a", "width": 1.0, "height": 1.0, "hieght": 2.0}]},
        "renditions[0].hieght is unknown; there are name, width, height, ",
    ),
}


@pytest.mark.parametrize(("inputs", "sentence"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_argument_is_named(provider, inputs, sentence):
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        provider.construct("photos", COMPONENT, inputs)
    assert sentence in refused.value.message
    assert refused.value.errors == []


LATE = {
    "background": lambda output: {"background": output},
    "tags.Team": lambda output: {"tags": {"Team": output}},
    "allowedOrigins[1]": lambda output: {"allowedOrigins": ["*", output]},
    "renditions[0].formats[0]": lambda output: {
        "renditions": [{"name": "a", "width": 1.0, "height": 1.0, "formats": [output]}]
    },
}


@pytest.mark.parametrize("path", LATE)
def test_an_output_that_a_preview_has_to_know_is_named(provider, path):
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        provider.construct("photos", COMPONENT, LATE[path](pulumi.Output.from_input("photos")))
    sentence = f"{path} must be a plain value, because a preview has to know it; got an output"
    assert refused.value.message.startswith(sentence)


UNFIT = {
    "no list of lists": ({"renditions": [[]]}, "renditions[0] must be an object with name, "),
    "no number": ({"memory": "much"}, "memory must be a whole number; got 'much'."),
    "a list": ({"memory": [1024.0]}, "memory must be a whole number; got [1024.0]."),
    "infinity": ({"memory": float("inf")}, "memory must be a whole number; got inf."),
    "no width": ({"renditions": [{"name": "a", "height": 1.0}]}, "renditions[0].width is missing"),
    "no groups": ({"vpc": {"subnets": []}}, "vpc.securityGroups is missing; set it."),
}


@pytest.mark.parametrize(("inputs", "sentence"), UNFIT.values(), ids=UNFIT)
def test_what_the_sdk_cannot_read_is_named_in_one_sentence(provider, inputs, sentence):
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        provider.construct("photos", COMPONENT, inputs)
    assert refused.value.message.startswith(sentence)
    assert refused.value.errors == []


def test_an_argument_that_is_none_is_left_out(provider, definition):
    rendition = {"name": "a", "width": 1.0, "height": 1.0}
    given = {"memory": None, "vpc": None, "renditions": [rendition | {"fit": None}]}
    set_all_config({})
    settings = settings_of(provider.map_inputs(given, definition))
    assert settings == settings_of({"renditions": [rendition]})


def test_what_decides_which_resources_there_are_is_plain(provider):
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        provider.construct("photos", COMPONENT, {"memory": pulumi.Output.secret(2048)})
    assert "memory must be a plain value, because a preview has to know it; got an output" in (
        refused.value.message
    )


WRONG = {
    "a half": ({"memory": 1024.5}, "memory must be a whole number; got 1024.5."),
    "text for truth": ({"site": "yes"}, "site must be true or false; got 'yes'."),
    "truth for a number": ({"timeout": True}, "timeout must be a whole number; got True."),
    "a number for text": ({"domain": 5}, "domain must be a string; got 5."),
    "a range": ({"memory": 64}, "memory must be 128 to 10240 MB; got 64."),
    "a rendition": (
        {"renditions": [{"name": "a", "width": 1, "height": 1, "formats": ["gif"]}]},
        "renditions[0] formats must be of jpeg, webp, avif, png; got 'gif'.",
    ),
    "no list": ({"renditions": "large"}, "renditions must be a list; got 'large'."),
    "no object": ({"renditions": [5.0]}, "renditions[0] must be a mapping with name"),
    "a low target": (
        {"renditions": [BOX, BOX | {"quality_target": 64.0}]},
        "renditions[1].qualityTarget must be 65 to 90 as a score; got 64.",
    ),
    "a high target": (
        {"renditions": [BOX | {"quality_target": 91.0}]},
        "renditions[0].qualityTarget must be 65 to 90 as a score; got 91.",
    ),
    "half a target": (
        {"renditions": [BOX | {"quality_target": 74.5}]},
        "renditions[0].qualityTarget must be a whole number; got 74.5.",
    ),
    "no number": (
        {"renditions": [BOX | {"quality_target": float("nan")}]},
        "renditions[0].qualityTarget must be a whole number; got nan.",
    ),
    "endless": (
        {"memory": float("inf")},
        "memory must be a whole number; got inf.",
    ),
    "two qualities": (
        {"renditions": [BOX | {"quality": 80.0, "quality_target": 75.0}]},
        "renditions[0] has both quality and qualityTarget",
    ),
    "pollers": ({"pollers": {"min": 2.5, "max": 9}}, "pollers must be whole numbers"),
}


@pytest.mark.parametrize(("args", "sentence"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_named_in_one_sentence(args, sentence):
    with pytest.raises(SettingsError) as refused:
        settings_of(args)
    assert str(refused.value).startswith(sentence)


def test_a_wrong_argument_has_no_traceback(provider):
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        provider.construct("photos", COMPONENT, {"memory": 64.0})
    assert refused.value.message == "memory must be 128 to 10240 MB; got 64."


def test_a_bug_of_ours_keeps_its_traceback(provider, monkeypatch):
    monkeypatch.setattr(configuration, "s3_endpoint", lambda: 1 / 0)
    with pytest.raises(Exception, match="division by zero") as failed:
        provider.construct("photos", COMPONENT, {})
    assert type(failed.value).__name__ == "ComponentInitError"


def test_the_sdk_still_needs_our_way_with_enumerations_in_lists(provider, definition):
    """Without ours the SDK's mapping loses them; once it does not, ours can go."""
    inputs = {"renditions": [{"name": "a", "width": 1.0, "height": 1.0, "formats": ["avif"]}]}
    assert provider.map_inputs(inputs, definition)["renditions"][0]["formats"] == ["avif"]
    lost = ComponentProvider([ImagePipeline], NAME).map_inputs(inputs, definition)
    assert lost["renditions"][0]["formats"] == [{}]


def made(late: Mapping[str, str], **args: Any) -> Program:
    """Return what a foreign program with one pipeline makes; it gives ``late`` as secrets."""

    def program() -> None:
        secrets = {name: pulumi.Output.secret(value) for name, value in late.items()}
        ImagePipeline("photos", arguments.ImagePipelineArgs(**args, **secrets))

    return record(program)


def test_a_secret_address_stays_secret_wherever_it_goes():
    program = made({"alarm_email": "a@example.com"}, monthly_budget_usd=10)
    holders = [r for r in program.resources if "a@example.com" in json.dumps(r.inputs)]
    assert {(r.type.rpartition(":")[2], frozenset(r.secrets)) for r in holders} == {
        ("TopicSubscription", frozenset({"endpoint"})),
        ("Budget", frozenset({"notifications[0].subscriberEmailAddresses[0]"})),
    }


def test_an_output_is_checked_once_it_is_known():
    with pytest.raises(SettingsError, match="alarmEmail must be an e-mail address; got a secret"):
        made({"alarm_email": "nobody"})


@pytest.mark.parametrize("name", ["alarm_email", "kms_key_arn", "permissions_boundary"])
def test_an_output_that_is_empty_is_refused(name):
    given = {} if name == "alarm_email" else ADOPTED
    key = KEYS[name]
    with pytest.raises(SettingsError, match=f"{key} must not be an output that is empty; leave"):
        made(given | {name: ""}, **KMS)


def test_an_output_that_is_not_used_is_refused_before_it_is_known():
    key = pulumi.Output.from_input(ADOPTED["kms_key_arn"])
    with pytest.raises(SettingsError, match="kmsKeyArn needs encryption: kms"):
        settings_of({"kms_key_arn": key})


def test_a_resource_of_the_program_may_give_its_output(provider, definition):
    """The SDK passes it with a resource that has a URN and nothing else."""
    urn = "urn:pulumi:dev::app::aws:kms/key:Key::k"

    def known(value: Any) -> asyncio.Future[Any]:
        future = asyncio.get_running_loop().create_future()
        future.set_result(value)
        return future

    def program() -> None:
        resources, value = known({DependencyResource(urn)}), known(ADOPTED["kms_key_arn"])
        arn = pulumi.Output(resources, value, known(value=True))
        given = {"encryption": "kms", "uploads": "presigned", "delivery": "cdn", "kmsKeyArn": arn}
        ImagePipeline("photos", provider.map_inputs(given, definition))

    (rule,) = (
        record(program).one("BucketServerSideEncryptionConfiguration", "-source").inputs["rules"]
    )
    key = rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
    assert key == ADOPTED["kms_key_arn"]


class Aborted(Exception):
    """The exception that gRPC raises after a status is sent."""


class Call:
    """One call of the engine's."""

    status: Any = None

    async def abort_with_status(self, status: Any) -> None:
        self.status = status
        raise Aborted


@pytest.mark.parametrize("error", [SettingsError("Set it."), ZeroDivisionError("Ours.")])
def test_what_is_found_late_is_one_sentence_as_well(provider, monkeypatch, error):
    async def construct(*_request: Any) -> None:
        raise error

    monkeypatch.setattr(ProviderServicer, "_construct", construct)
    servicer, call = Servicer(provider, [], "127.0.0.1:1"), Call()
    loop = asyncio.new_event_loop()
    with pytest.raises(Aborted if isinstance(error, SettingsError) else Exception) as raised:
        loop.run_until_complete(servicer.Construct(None, call))
    loop.close()
    if isinstance(error, SettingsError):
        assert call.status.details == "Set it."
    else:
        assert "Ours.:\n  File " in str(raised.value)
        assert call.status is None


def test_the_provider_that_is_served_is_ours(monkeypatch):
    served = []
    monkeypatch.setattr(server, "ProviderServicer", ProviderServicer)
    monkeypatch.setattr(server, "main", lambda *_given: served.append(server.ProviderServicer))
    main()
    assert served == [Servicer]


def test_a_certificate_and_a_zone_may_be_made_by_the_same_program():
    arn = "arn:aws:acm:us-east-1:000000000000:certificate/1"
    args = {"delivery": "cdn", "domain": "photos.example.com"}
    program = made({"certificate_arn": arn, "hosted_zone_id": "Z1"}, **args)
    assert program.one("Record", "-aaaa").inputs["zoneId"] == "Z1"
    certificate = program.one("Distribution", "-cdn").inputs["viewerCertificate"]
    assert certificate["acmCertificateArn"] == arn
    with pytest.raises(SettingsError, match="certificate in us-east-1"):
        made({"certificate_arn": arn.replace("us-east", "eu-west")}, **args)


ACCOUNT = "123456789012"
ADOPTED = {
    "kms_key_arn": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd",
    "alarm_topic_arn": f"arn:aws:sns:eu-central-1:{ACCOUNT}:alarms",
    "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
}
KMS = {"encryption": "kms", "uploads": "presigned", "delivery": "cdn"}


def test_a_key_a_topic_and_a_boundary_may_be_made_by_the_same_program():
    program = made(ADOPTED, **KMS, tags={"Team": "photos"})
    kinds = {r.type.rpartition(":")[2] for r in program.resources}
    assert not {"Key", "Topic", "TopicSubscription"} & kinds
    boundaries = {r.inputs["permissionsBoundary"] for r in program.all("Role")}
    assert boundaries == {ADOPTED["permissions_boundary"]}
    actions = {action for r in program.all("MetricAlarm") for action in r.inputs["alarmActions"]}
    assert actions == {ADOPTED["alarm_topic_arn"]}
    assert program.one("Queue", "-uploads").inputs["tags"]["Team"] == "photos"


@pytest.mark.parametrize("name", ADOPTED)
def test_what_is_adopted_is_checked_once_it_is_known(name):
    with pytest.raises(SettingsError, match=f"{KEYS[name]} must be "):
        made(ADOPTED | {name: "arn:aws:s3:::photos"}, **KMS)


@pytest.mark.parametrize("is_list", [False, True])
def test_subnets_may_be_made_by_the_same_program(is_list):
    def program(subnet: str) -> Program:
        def make() -> None:
            subnets: Any = [pulumi.Output.from_input(subnet), "subnet-0000000b"]
            if is_list:  # as awsx has them
                subnets = pulumi.Output.all(*subnets)
            vpc = {"subnets": subnets, "security_groups": ["sg-0000000a"]}
            ImagePipeline("photos", {"vpc": vpc})

        return record(make)

    config = program("subnet-0000000a").one("Function", "-resizer").inputs["vpcConfig"]
    assert config["subnetIds"] == ["subnet-0000000a", "subnet-0000000b"]
    assert config["securityGroupIds"] == ["sg-0000000a"]
    with pytest.raises(SettingsError, match="vpc subnets must be ids like subnet-"):
        program("vpc-0000000a")


def test_the_component_imports_only_the_program():
    names = {
        name.partition(".")[0]
        for file in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _imported(node)
    }
    assert names - set(sys.stdlib_module_names) == {
        *("function", "image_pipeline", "pipeline", "pulumi"),
    }


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
