import pytest

from bench.accept import cloud, denied
from bench.accept.clone import Clone
from bench.accept.live import Live
from bench.accept.steps import StepFailed
from ops.stack import Stack
from pipeline.settings import Settings
from tests.support.aws_client import Refusal, aws_client, paged

EMBEDDED = Clone(name="x", content={"config": {"aws:endpoints": [{"s3": "http://x"}]}})
AMAZON = Clone(name="x", content={})
OUTPUTS = {
    "functionName": "app-dev-resizer-1",
    "sourceBucket": "source",
    "destinationBucket": "destination",
    "uploadEndpoint": "http://in",
    "deliveryUrl": "http://out",
}
ALWAYS = {
    ("get_object", "source", "uploads/1.jpg"),
    ("delete_object", "source", "uploads/1.jpg"),
    ("list_objects_v2", "source", None),
    ("put_object", "source", "other/accept.jpg"),
    ("put_object", "source", "uploads/_index/accept"),
    ("put_object", "destination", "1.jpg/a.webp"),
    ("delete_object", "destination", "1.jpg/a.webp"),
    ("list_objects_v2", "destination", None),
    ("get_object", "destination", "_index/accept"),
}
SIGNER = "https://abcdefghijklmnop.lambda-url.eu-west-1.on.aws/"
SIGNER_HERE = "http://x/_aws/lambda-url/abcdefghijklmnop/"
FORM = ("put_object", "source", "uploads/accept.jpg")
PAST_CDN = ("get_object", "destination", "1.jpg/a.webp")


KEYS = {
    "source": ["uploads/1.jpg"],
    "destination": ["0.jpg/manifest.json", "_index/near/1", "1.jpg/a.webp", "1.jpg/b.webp"],
}
"""Keys in the buckets; each key is on a separate page, after an empty one."""


class S3:
    """Clients of the owner and of strangers, and what they asked."""

    def __init__(self) -> None:
        self.forget()
        self.owner = aws_client("s3", list_objects_v2=self._list, put_object=self._write)
        tried = ("get_object", "put_object", "delete_object", "list_objects_v2")
        self.strangers = {
            encrypted: aws_client("s3", **{name: self._answer(encrypted, name) for name in tried})
            for encrypted in (True, False)
        }

    def forget(self):
        self.asked, self.statuses, self.written = {True: set(), False: set()}, {}, []

    def _answer(self, encrypted, name):
        def answer(Bucket, Key=None, **_rest):  # noqa: N803 (boto3's names)
            call = (name, Bucket, Key)
            self.asked[encrypted].add(call)
            return Refusal("AccessDenied", self.statuses.get(call, 403))

        return answer

    def _list(self, Bucket, Prefix, **token):  # noqa: N803
        assert Prefix == ("uploads/" if Bucket == "source" else "")
        pages = [{}, *({"Contents": [{"Key": key}]} for key in KEYS[Bucket])]
        names = ("ContinuationToken", "NextContinuationToken")
        return paged(pages, *names, IsTruncated=True)(**token)

    def _write(self, **where):
        self.written.append(where)
        return {}


@pytest.fixture(scope="module")
def s3():
    return S3()


@pytest.fixture
def try_all(s3, monkeypatch):
    pages = [["app-dev-resizer-1"], ["app-develop-signer-3", "app-dev-signer-2"]]
    functions = [{"Functions": [{"FunctionName": name} for name in page]} for page in pages]
    urls = {"app-dev-signer-2": {"FunctionUrl": SIGNER}}
    lambda_ = aws_client(
        "lambda",
        list_functions=paged(functions, "Marker", "NextMarker"),
        get_function_url_config=lambda FunctionName: urls[FunctionName],  # noqa: N803
    )
    owners = {"s3": s3.owner, "lambda": lambda_}

    def check(clone=EMBEDDED, statuses=None, public=403, direct=403, **settings):
        s3.forget()
        s3.statuses = statuses or {}
        live = Live(
            clone=clone,
            settings=Settings(**settings),
            stack=Stack(outputs=OUTPUTS, client=lambda service: owners[service]),
            prices=None,
        )
        monkeypatch.setattr(
            cloud, "stranger", lambda _clone, is_encrypted=True: s3.strangers[is_encrypted]
        )
        asked = {}

        def answer(method, url, *_rest):
            asked[method] = url
            return (direct if method == "POST" else public), b""

        monkeypatch.setattr(denied, "request", answer)
        outcome = denied.check(live)
        past = (
            {"POST": SIGNER if clone is AMAZON else SIGNER_HERE}
            if live.settings.waf_requests_per_minute
            else {}
        )
        assert asked == past | {"GET": "http://out/_index/accept"}
        assert s3.written == [{"Bucket": "destination", "Key": "_index/accept", "Body": b"accept"}]
        return outcome, s3.asked[True], s3.asked[False]

    return check


def test_a_public_stack(try_all):
    outcome, asked, plain = try_all()
    assert asked == ALWAYS
    assert plain == set()
    assert outcome.figures.statuses.keys() >= {"read an upload", "read the index"}
    assert set(outcome.figures.statuses.values()) == {403}
    assert outcome.detail == (
        "10 actions of strangers refused; "
        "plain HTTP not tried: the embedded AWS speaks nothing else"
    )


def test_a_private_stack(try_all):
    _outcome, asked, _plain = try_all(uploads="presigned", delivery="cdn", public=404)
    assert asked == ALWAYS | {FORM, PAST_CDN}


def test_the_signer_of_a_stack_with_a_firewall_is_asked_past_it(try_all):
    limited = {"uploads": "presigned", "delivery": "cdn", "waf_requests_per_minute": 10}
    for clone in (EMBEDDED, AMAZON):
        outcome, _asked, _plain = try_all(clone, **limited, public=404)
        assert outcome.figures.statuses["ask for a form past the CDN"] == 403
    with pytest.raises(StepFailed, match="ask for a form past the CDN: answered with 200"):
        try_all(**limited, public=404, direct=200)


def test_plain_http_is_tried_on_aws(try_all):
    outcome, asked, plain = try_all(AMAZON)
    assert (asked, plain) == (ALWAYS, {FORM, PAST_CDN})
    assert outcome.detail == "12 actions of strangers refused"


@pytest.mark.parametrize("action", sorted(ALWAYS, key=str))
@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_an_action_that_is_not_refused_fails(try_all, action, status):
    with pytest.raises(StepFailed, match=rf": answered with {status}, and has to be refused"):
        try_all(statuses={action: status})


def test_an_index_that_anyone_reads_fails(try_all):
    with pytest.raises(
        StepFailed, match="read the index over the public endpoint: answered with 200"
    ):
        try_all(public=200)
