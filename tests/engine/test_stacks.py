"""Each stack's life under the real engine: from its preview to its end, when nothing is left."""

from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from local import server as servers
from local.http import request
from local.lookups import CALLS
from local.program import ROOT
from local.server import Server
from local.uploader import upload
from pytest_pulumi import Cloud, Resource, evaluate_folder
from tests.engine.support import ALL, Changes, Failed, Stack, changes
from tests.infra.engine import EVERYTHING, Registered, registered

STACKS = {
    "dev": ("dev", {}),
    "prod": ("prod", {}),
    "local": ("local", {}),
    "everything": ("prod", EVERYTHING),
    "odd name": ("9-a-0", {}),
}
"""By test: the stack's name, and settings over its own."""


QUICK = ("dev", "everything")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """A separate embedded AWS, without other files' stacks of the same names."""
    folder = tmp_path_factory.mktemp("aws-of-stacks") / "state"
    yield servers.start(folder)
    servers.stop(folder)


@pytest.fixture(params=STACKS if ALL else QUICK)
def live(request, stack, server) -> tuple[Stack, dict[str, Any]]:
    """A stack, and its settings over its own."""
    name, settings = STACKS[request.param]
    made: Stack = stack(name, attached=request.param != "dev")
    if "domain" in settings:
        zones = server.client("route53")
        zone = zones.create_hosted_zone(Name="example.com", CallerReference=str(made.folder))
        settings = settings | {"hostedZoneId": zone["HostedZone"]["Id"].rpartition("/")[2]}
    made.configure(**settings)
    return made, settings


def test_a_stack_from_its_preview_to_its_end(live, server, tmp_path):
    live, settings = live
    preview = live.run("preview")
    assert set(preview.counts) == {"create"}
    assert left(server, f"image-pipeline-{live.name}") == []

    made = live.run("up")
    assert made.counts == preview.counts
    assert not changes(live.run("up"))
    if (ROOT / f"Pulumi.{live.name}.yaml").is_file():
        assert_same_as_mocks(live)

    photo = tmp_path / "photo.jpg"
    Image.radial_gradient("L").resize((900, 600)).convert("RGB").save(photo)
    outputs = made.outputs
    endpoint, delivery = outputs["uploadEndpoint"], outputs["deliveryUrl"]
    behind_cdn = endpoint == f"{delivery}/_sign"
    presigned = behind_cdn or "lambda-url" in endpoint
    if settings.get("domain"):  # nothing here answers by that name
        assert delivery.endswith(f"//{settings['domain']}")
        delivery = distribution_url(live)
    if behind_cdn:
        endpoint = f"{delivery}/_sign"
    result = upload(photo, "uploads/p.jpg", endpoint, delivery, presigned=presigned)
    assert (result.status, result.error) == ("ready", None)
    urls = [f"{delivery}/{found.key}" for found in result.renditions]
    assert {request("GET", url)[0] for url in urls} == {200}

    assert not changes(live.run("refresh"))
    queues = server.client("sqs")
    queues.set_queue_attributes(QueueUrl=outputs["queueUrl"], Attributes={"VisibilityTimeout": "1"})
    drift = changes(live.run("refresh"))
    assert [what.partition(" ")[0] for what in drift.update] == ["aws:sqs/queue:Queue"]
    mended = changes(live.run("up"))
    assert list(mended.update) == list(drift.update)
    assert mended == Changes(update=mended.update)
    assert not changes(live.run("refresh"))

    s3 = server.client("s3")
    with pytest.raises(Failed) as refused:
        live.run("destroy")
    assert ("protected" if live.name == "prod" else "BucketNotEmpty") in refused.value.args[0]
    assert s3.head_object(Bucket=outputs["destinationBucket"], Key=result.renditions[0].key)
    live.configure(**settings, protect=False)
    live.run("up")
    for bucket in left(server, f"image-pipeline-{live.name}", "s3"):
        empty(s3, bucket)
    live.run("destroy")
    assert left(server, f"image-pipeline-{live.name}") == []


def distribution_url(live: Stack) -> str:
    """Return where a stack's CDN answers in the embedded AWS."""
    (found,) = (
        r["outputs"]["domainName"]
        for r in live.run("export").resources
        if r["type"] == "aws:cloudfront/distribution:Distribution"
    )
    return f"http://{found}"


def empty(s3: Any, bucket: str) -> None:
    """Delete all versions of all objects."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for found in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])


LISTS = {
    "s3": lambda client: [bucket["Name"] for bucket in client.list_buckets()["Buckets"]],
    "sqs": lambda client: client.list_queues().get("QueueUrls", []),
    "lambda": lambda client: [f["FunctionName"] for f in client.list_functions()["Functions"]],
    "iam": lambda client: [role["RoleName"] for role in client.list_roles()["Roles"]],
    "dynamodb": lambda client: client.list_tables()["TableNames"],
    "logs": lambda client: [g["logGroupName"] for g in client.describe_log_groups()["logGroups"]],
    "cloudwatch": lambda client: [a["AlarmName"] for a in client.describe_alarms()["MetricAlarms"]],
    "sns": lambda client: [topic["TopicArn"] for topic in client.list_topics()["Topics"]],
    "kms": lambda client: [alias["AliasName"] for alias in client.list_aliases()["Aliases"]],
    "cloudfront": lambda client: [
        found["Comment"]
        for found in client.list_distributions()["DistributionList"].get("Items", [])
    ],
}


def left(server, name: str, *services: str) -> list[str]:
    """Return what the embedded AWS still has of a pipeline, by what carries its name."""
    found = [one for s in services or LISTS for one in LISTS[s](server.client(s))]
    return [one for one in found if name.lower() in one.lower()]


def assert_same_as_mocks(live: Stack) -> None:
    """The mock kit, with which the tests evaluate the program, makes the same of it."""
    real = {r["urn"]: r for r in live.run("export").resources}

    def outputs(resource: Resource) -> dict[str, Any]:
        state = real[resource.urn]
        return state.get("outputs", {}) | {"id": state["id"]}

    cloud = Cloud(outputs=outputs, invokes=CALLS)
    mocked = evaluate_folder(ROOT, stack=live.name, config=live.config(), cloud=cloud)
    assert {r.urn for r in mocked.resources} == real.keys() - {_provider(real)}
    for found in map(registered, mocked.resources):
        assert _seen_by_mocks(found) == _seen(real[found.urn]), found.urn


def _provider(real: dict[str, Any]) -> str:
    (urn,) = (urn for urn in real if "pulumi:providers:aws" in urn)
    return urn


def _seen(state: dict[str, Any]) -> dict[str, Any]:
    inputs = dict(state.get("inputs", {}))
    # The engine puts the old value, the provider's own choice too, in the place of an ignored one.
    for name in {*inputs.pop("__defaults", []), *state.get("ignoreChanges", [])}:
        inputs.pop(name, None)
    return _view(
        inputs,
        state.get("parent", ""),
        state.get("propertyDependencies") or {},
        protect=state.get("protect", False),
    )


def _seen_by_mocks(found: Registered) -> dict[str, Any]:
    inputs = {k: v for k, v in found.inputs.items() if k not in found.ignore_changes}
    return _view(inputs, found.parent, found.depends, protect=found.protect)


def _view(inputs: Any, parent: str, depends: Any, *, protect: bool) -> dict[str, Any]:
    return {
        "inputs": _without_assets(inputs),
        "parent": parent,
        "depends": {key: set(urns) for key, urns in depends.items() if urns},
        "protect": protect,
    }


def _without_assets(value: Any) -> Any:
    """Leave out hashes, which the engine adds to assets."""
    if isinstance(value, dict):
        left = {k: v for k, v in value.items() if k != "hash" and v is not None}
        return {k: _without_assets(v) for k, v in left.items()}
    return [_without_assets(v) for v in value] if isinstance(value, list) else value
