"""Resources with data are never lost unnoticed."""

import pulumi
import pytest

from pytest_pulumi import PulumiTestError, Snapshot, evaluate
from toycloud import Box, Bucket, Pair, Policy


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "snapshots"


@pytest.fixture
def recorded(folder):
    """Returns a snapshot of one bucket, ``data``."""
    Snapshot(folder, update=True).check(evaluate(lambda: Bucket("data")), "dev")
    return Snapshot(folder, update=False)


def test_the_file_has_one_urn_a_line_and_is_written_once(folder):
    snapshot = Snapshot(folder, update=True)
    program = evaluate(lambda: (Bucket("b"), Bucket("a"), Policy("p")))
    snapshot.check(program, "dev")
    snapshot.check(program, "dev")
    assert snapshot.written == [folder / "dev.urns"]
    assert (folder / "dev.urns").read_text() == (
        "urn:pulumi:dev::project::toy:storage/bucket:Bucket::a\n"
        "urn:pulumi:dev::project::toy:storage/bucket:Bucket::b\n"
    )


def test_the_same_program_passes_and_other_types_may_change(recorded):
    recorded.check(evaluate(lambda: Bucket("data")), "dev")
    recorded.check(evaluate(lambda: (Bucket("data"), Policy("more"))), "dev")


def test_a_renamed_bucket_fails_and_says_which_alias_it_needs(recorded):
    with pytest.raises(AssertionError) as caught:
        recorded.check(evaluate(lambda: Bucket("renamed")), "dev")
    lines = str(caught.value).splitlines()
    assert lines[0] == "`pulumi up` would delete resources with data:"
    assert lines[1] == "  - urn:pulumi:dev::project::toy:storage/bucket:Bucket::data"
    assert lines[2] == "  + urn:pulumi:dev::project::toy:storage/bucket:Bucket::renamed"
    assert 'aliases=[pulumi.Alias(name="data")]' in lines[3]
    assert "pytest --pulumi-update" in lines[4]
    assert "└─ renamed" in lines[-1]


def test_a_bucket_of_quite_another_name_is_the_successor_if_it_is_the_only_new_one(recorded):
    with pytest.raises(AssertionError, match=r"\+ .*::x\n      renamed\? give it"):
        recorded.check(evaluate(lambda: Bucket("x")), "dev")


def test_an_alias_makes_it_pass(recorded):
    opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="data")])
    recorded.check(evaluate(lambda: Bucket("renamed", opts=opts)), "dev")


def test_of_two_that_become_one_the_other_is_lost(folder):
    Snapshot(folder, update=True).check(evaluate(lambda: (Bucket("a"), Bucket("b"))), "dev")
    opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="b"), pulumi.Alias(name="a")])
    with pytest.raises(AssertionError, match=r"would delete .*\n  - .*::a\nIf"):
        Snapshot(folder, update=False).check(evaluate(lambda: Bucket("c", opts=opts)), "dev")


def test_a_file_of_windows_and_names_of_any_script_are_read(folder):
    program = evaluate(lambda: (Bucket("фото"), Bucket("写真")))
    Snapshot(folder, update=True).check(program, "dev")
    path = folder / "dev.urns"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    Snapshot(folder, update=False).check(program, "dev")


def test_a_bucket_that_moves_into_a_component_fails_without_its_urn_as_alias(folder):
    Snapshot(folder, update=True).check(evaluate(lambda: Bucket("p-bucket")), "dev")
    with pytest.raises(AssertionError, match=r'aliases=\["urn:pulumi:dev::project::toy:storage/b'):
        Snapshot(folder, update=False).check(evaluate(lambda: Pair("p")), "dev")


def test_a_renamed_component_needs_one_alias_for_all_within(folder):
    Snapshot(folder, update=True).check(evaluate(lambda: Pair("p")), "dev")
    check = Snapshot(folder, update=False).check
    with pytest.raises(AssertionError, match="would delete"):
        check(evaluate(lambda: Pair("q")), "dev")
    opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="p")])
    check(evaluate(lambda: Pair("q", opts=opts)), "dev")


def test_a_bucket_that_vanishes_fails(recorded):
    with pytest.raises(
        AssertionError, match=r"would delete resources with data:\n  - .*::data\nRes"
    ):
        recorded.check(evaluate(lambda: Box("other")), "dev")


def test_of_several_new_buckets_the_likeliest_is_named(folder):
    Snapshot(folder, update=True).check(evaluate(lambda: Bucket("photos-data")), "dev")
    program = evaluate(lambda: (Bucket("x"), Bucket("photos-dat"), Bucket("zzzzzz")))
    with pytest.raises(AssertionError) as caught:
        Snapshot(folder, update=False).check(program, "dev")
    lines = str(caught.value).splitlines()
    assert lines[2].endswith("::photos-dat")
    assert [line[-8:] for line in lines[5:7]] == ["ucket::x", "::zzzzzz"]


def test_a_new_bucket_fails_until_it_is_in_the_snapshot(recorded):
    program = evaluate(lambda: (Bucket("data"), Bucket("new")))
    with pytest.raises(AssertionError, match=r"^Resources with data are new.*\n  \+ .*::new\n"):
        recorded.check(program, "dev")


def test_no_snapshot_and_no_data_fail(folder):
    with pytest.raises(AssertionError, match=r"no snapshot .*dev.urns yet; write it with"):
        Snapshot(folder, update=False).check(evaluate(lambda: Bucket("b")), "dev")
    with pytest.raises(PulumiTestError, match="would protect nothing; name the types"):
        Snapshot(folder, update=True).check(evaluate(lambda: Policy("p")), "dev")


def test_types_can_be_named(folder):
    program = evaluate(lambda: (Policy("p"), Bucket("b")))
    Snapshot(folder, update=True).check(program, "dev", types=["toy:*:Policy"])
    assert (folder / "dev.urns").read_text().endswith("toy:storage/policy:Policy::p\n")


@pytest.mark.parametrize(
    "type_",
    [
        "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2", "aws:dynamodb/table:Table",
        "aws:kms/key:Key", "aws:sqs/queue:Queue", "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster", "aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem",
        "aws:cognito/userPool:UserPool", "azure-native:storage:StorageAccount",
        "azure-native:sql:Database", "azure-native:keyvault:Vault", "gcp:storage/bucket:Bucket",
        "gcp:sql/databaseInstance:DatabaseInstance", "gcp:kms/cryptoKey:CryptoKey",
        "kubernetes:core/v1:PersistentVolumeClaim", "aws-native:s3:Bucket",
        "aws:s3/directoryBucket:DirectoryBucket", "aws:s3tables/tableBucket:TableBucket",
        "aws:docdb/cluster:Cluster", "aws:rds/globalCluster:GlobalCluster",
        "aws-native:rds:DbCluster", "aws:neptune/cluster:Cluster", "aws:redshift/cluster:Cluster",
        "aws:dsql/cluster:Cluster", "aws:keyspaces/keyspace:Keyspace",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:fsx/lustreFileSystem:LustreFileSystem", "azure-native:storage:BlobContainer",
        "azure-native:dbforpostgresql:Server", "gcp:bigquery/dataset:Dataset",
        "gcp:spanner/instance:Instance",
    ],
)  # fmt: skip
def test_types_with_data_of_the_large_clouds(type_, folder):
    class Any(pulumi.CustomResource):
        def __init__(self):
            super().__init__(type_, "x", {})

    Snapshot(folder, update=True).check(evaluate(Any), "dev")


@pytest.mark.parametrize(
    "type_",
    [
        "aws:iam/role:Role", "aws:s3/bucketPolicy:BucketPolicy", "aws:ec2/instance:Instance",
        "aws:sqs/queuePolicy:QueuePolicy", "aws:lambda/function:Function",
        "aws:ecs/cluster:Cluster", "aws:eks/cluster:Cluster",
    ],
)  # fmt: skip
def test_types_without_data(type_, folder):
    class Any(pulumi.CustomResource):
        def __init__(self):
            super().__init__(type_, "x", {})

    with pytest.raises(PulumiTestError, match="would protect nothing"):
        Snapshot(folder, update=True).check(evaluate(Any), "dev")


TEST = """
from toycloud import Bucket

def test_data(pulumi_component, pulumi_snapshot):
    pulumi_snapshot(pulumi_component(Bucket, "NAME"))
"""


def test_the_option_writes_and_the_next_run_compares(pytester):
    run = ("-p", "pytest_pulumi_plugin")
    pytester.makepyfile(test_it=TEST)
    pytester.runpytest_inprocess(*run).assert_outcomes(failed=1)
    result = pytester.runpytest_inprocess(*run, "--pulumi-update")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["pulumi: wrote *pulumi_snapshots/test_it-test_data.urns"])
    pytester.runpytest_inprocess(*run).assert_outcomes(passed=1)
    pytester.makepyfile(test_it=TEST.replace("NAME", "renamed"))
    result = pytester.runpytest_inprocess(*run)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*would delete resources with data*"])


def test_a_name_may_hold_spaces(folder):
    program = evaluate(lambda: Bucket("my photos"))
    Snapshot(folder, update=True).check(program, "dev")
    Snapshot(folder, update=False).check(program, "dev")


def test_what_is_only_read_may_come_and_go(recorded):
    recorded.check(evaluate(lambda: (Bucket("data"), _read("other"))), "dev")


def _read(name):
    return Bucket(name, opts=pulumi.ResourceOptions(id="an-id"))


def test_types_may_be_classes(recorded):
    recorded.check(evaluate(lambda: (Bucket("data"), Policy("p"))), "dev", types=[Bucket])


def test_a_component_holds_no_data_whatever_its_type(folder):
    program = evaluate(lambda: pulumi.ComponentResource("toy:index:Bucket", "parts"))
    with pytest.raises(PulumiTestError, match="no resource of the types with data"):
        Snapshot(folder, update=True).check(program, "dev")
