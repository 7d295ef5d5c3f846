import base64
import hashlib
from dataclasses import replace

import pytest

from bench.aws import code, deployed
from bench.aws.deployed import Deployed
from ops.stack import Stack
from pipeline.bundle import Bundle, BundleError
from terminal import Failure
from tests.support.aws_client import aws_client

ZIP = b"a zip"
DIGEST = base64.b64encode(hashlib.sha256(ZIP).digest()).decode()
ARN = "arn:aws-cn:lambda:cn-north-1:123456789012:function:resizer"
FACTS = {
    "FunctionName": "resizer", "FunctionArn": ARN, "Architectures": ["arm64"],
    "Runtime": "python3.13", "Handler": "function.handler.handle", "MemorySize": 1024,
    "Timeout": 60, "CodeSha256": DIGEST, "LoggingConfig": {"LogFormat": "JSON"},
    "Environment": {
        "Variables": {
            "DESTINATION_BUCKET": "live", "KMS_KEY_ARN": "arn:key", "DUPLICATES": "near",
            "INDEX_TABLE": "live-index", "TIMEOUT": "60", "QUALITY": "best",
        }
    },
}  # fmt: skip


def read(**changed):
    answer = {
        "Configuration": {**FACTS, **changed},
        "Code": {"Location": "https://example.com/code.zip"},
    }
    client = aws_client("lambda", get_function=answer)
    return Deployed.read(Stack(outputs={"functionName": "resizer"}, client=lambda _name: client))


@pytest.fixture
def served(monkeypatch):
    def serve(status, body):
        monkeypatch.setattr(deployed, "request", lambda _method, _url: (status, body))

    serve(200, ZIP)
    return serve


def test_a_function_is_read_with_the_place_that_it_is_in():
    found = read()
    assert (found.partition, found.region, found.account) == (
        "aws-cn",
        "cn-north-1",
        "123456789012",
    )
    assert found.measured_on == "aws"
    assert replace(found, endpoint="http://127.0.0.1:4566").measured_on == "embedded AWS"


def test_variables_that_may_not_be_read_are_told():
    with pytest.raises(Failure, match="kms:Decrypt"):
        read(Environment={"Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}})


def test_nothing_in_a_clone_s_environment_leads_to_the_stack():
    assert read().timeout_for(1) == 60
    assert read().variables_for("clone-out", 1) == {
        "DESTINATION_BUCKET": "clone-out", "KMS_KEY_ARN": "", "DUPLICATES": "off",
        "INDEX_TABLE": "", "TIMEOUT": "60", "QUALITY": "best", "PUBLISH_METRICS": "false",
        "TAGS_REJECTED": "false", "UPLOAD_PREFIXES": "",
    }  # fmt: skip


def test_a_batch_has_the_time_that_the_stack_would_have_to_give_it():
    assert read().timeout_for(10) == 105
    assert read().variables_for("clone-out", 10)["TIMEOUT"] == "105"


def test_the_code_is_held_against_its_digest(served):
    assert read().code() == ZIP
    served(200, b"another zip")
    with pytest.raises(Failure, match="CodeSha256"):
        read().code()
    served(403, ZIP)
    with pytest.raises(Failure, match="403"):
        read().code()


@pytest.fixture
def built(monkeypatch, tmp_path):
    """Have each target built as a zip that is named after it, the deployed one as ``digest``."""

    def build(digest):
        def make(target):
            path = tmp_path / target.slug
            path.write_bytes(target.slug.encode())
            return Bundle(path=path, sha256_base64=digest, warnings=("No bytecode.",))

        monkeypatch.setattr(code, "build", make)

    return build


@pytest.mark.usefixtures("served")
def test_the_other_architecture_is_built_from_this_tree(built):
    built(DIGEST)
    found = code.collect(read(), ("x86_64", "arm64"))
    assert found.zips == {"x86_64": b"python3.13-al2023-x86_64", "arm64": ZIP}
    assert found.words[0] == "No bytecode."
    assert "whose arm64 build is what is deployed" in found.words[1]
    assert found.missing == {}


@pytest.mark.usefixtures("served")
def test_a_tree_that_is_not_what_is_deployed_is_told(built):
    built("another digest")
    assert code.collect(read(), ("x86_64",)).words[1].startswith("CAUTION: ")


@pytest.mark.usefixtures("served")
def test_an_architecture_that_cannot_be_built_keeps_the_other(monkeypatch):
    def fail(_target):
        raise BundleError("No index.")

    monkeypatch.setattr(code, "build", fail)
    found = code.collect(read(), ("x86_64", "arm64"))
    assert (found.zips, found.missing) == ({"arm64": ZIP}, {"x86_64": "No index."})


@pytest.mark.usefixtures("served")
def test_the_deployed_architecture_alone_is_never_built():
    assert code.collect(read(), ("arm64",)).words == []
