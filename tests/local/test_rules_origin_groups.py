"""Origin groups of the embedded CloudFront: which answers and methods fail over, tried over HTTP.

Pages "Optimize high availability with CloudFront origin failover" and "Request and response
behavior for origin groups" in the CloudFront developer guide (read 2026-11-27).
"""

import copy
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from local.http import request

CRITERIA = [403, 404]
POSSIBLE = [400, 403, 404, 416, 500, 502, 503, 504]
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


class Origin:
    """A web server that answers with one status, its name and what it was asked."""

    def __init__(self, name: str) -> None:
        self.name, self.status, self.asked = name, 200, []
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                origin.asked.append((self.command, self.path))
                body = b"" if self.command == "HEAD" else origin.name.encode()
                self.send_response(origin.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_HEAD = do_OPTIONS = do_POST = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def origin(name: str, port: int) -> dict:
    return {
        "Id": name,
        "DomainName": "127.0.0.1",
        "CustomOriginConfig": {
            "HTTPPort": port,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "http-only",
        },
    }


def counted(items: list) -> dict:
    return {"Quantity": len(items), "Items": items}


def config(first: int, second: int) -> dict:
    """A distribution whose only behaviour asks a group, and signs nothing."""
    group = {
        "Id": "group",
        "FailoverCriteria": {"StatusCodes": counted(CRITERIA)},
        "Members": counted([{"OriginId": "first"}, {"OriginId": "second"}]),
    }
    return {
        "CallerReference": f"group-{first}-{second}",
        "Comment": "",
        "Enabled": True,
        "Origins": counted([origin("first", first), origin("second", second)]),
        "OriginGroups": counted([group]),
        "DefaultCacheBehavior": {
            "TargetOriginId": "group",
            "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": CACHING_DISABLED,
            "AllowedMethods": counted(["GET", "HEAD", "OPTIONS"])
            | {"CachedMethods": counted(["GET", "HEAD"])},
        },
    }


@pytest.fixture(scope="module")
def cloudfront(bare):
    return bare.client("cloudfront")


def address(bare, distribution: dict) -> str:
    label = distribution["DomainName"].removesuffix(".net")
    return f"http://{label}.localhost:{urlsplit(bare.endpoint).port}/u1/a.jpg/large.jpg?v=1"


@pytest.fixture(scope="module")
def pair(bare, cloudfront):
    first, second = Origin("first"), Origin("second")
    made = cloudfront.create_distribution(DistributionConfig=config(first.port, second.port))
    yield first, second, address(bare, made["Distribution"])
    first.close()
    second.close()


@pytest.fixture
def asked(pair):
    """Set the statuses of both and ask; return the answer, and who was asked what."""
    first, second, url = pair

    def ask(method: str, *statuses: int) -> tuple[int, bytes, list, list]:
        first.status, second.status = statuses
        first.asked.clear()
        second.asked.clear()
        # MiniStack drops the query that the cache policy does not name.
        return *request(method, url), first.asked, second.asked

    return ask


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("status", CRITERIA)
def test_a_status_among_the_criteria_asks_the_second_the_same(asked, method, status):
    found, body, first, second = asked(method, status, 200)
    assert (found, body) == (200, b"" if method == "HEAD" else b"second")
    assert first == second == [(method, "/u1/a.jpg/large.jpg")]


@pytest.mark.parametrize("status", [200, 301, 400, 416, 500, 502, 503])
def test_any_other_status_is_the_answer(asked, status):
    found, body, _, second = asked("GET", status, 200)
    assert (found, body, second) == (status, b"first", [])


@pytest.mark.parametrize("status", [200, 302, 403, 404, 500])
def test_the_answer_of_the_second_is_the_viewers_whatever_it_is(asked, status):
    found, body, first, second = asked("GET", 404, status)
    assert (found, body) == (status, b"second")
    assert len(first) == len(second) == 1


def test_the_first_is_asked_again_after_a_failover(asked):
    assert asked("GET", 404, 200)[1] == b"second"
    assert asked("GET", 200, 200)[1] == b"first"


def test_other_methods_reach_no_origin_of_a_group(asked):
    status, _, first, second = asked("POST", 404, 200)
    assert (status, first, second) == (403, [], [])


def test_a_first_origin_that_does_not_answer_fails_over_whatever_the_criteria(
    bare, cloudfront, pair
):
    _, second, _ = pair
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    second.status = 200
    made = cloudfront.create_distribution(DistributionConfig=config(closed, second.port))
    assert request("GET", address(bare, made["Distribution"])) == (200, b"second")


def refusal(cloudfront, **changes) -> tuple[str, str]:
    changed = copy.deepcopy(config(1, 2)) | changes
    with pytest.raises(ClientError) as error:
        cloudfront.create_distribution(DistributionConfig=changed)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def groups(**changes) -> dict:
    (group,) = config(1, 2)["OriginGroups"]["Items"]
    return counted([group | changes])


def test_a_group_of_other_methods_is_refused(cloudfront):
    """The sentence is CloudFront's own (aws/aws-cdk#32450)."""
    every = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    default = config(1, 2)["DefaultCacheBehavior"]
    default["AllowedMethods"] |= counted(every)
    code, message = refusal(cloudfront, DefaultCacheBehavior=default)
    assert code == "InvalidArgument"
    assert message == (
        "The parameter AllowedMethods cannot include POST, PUT, PATCH, or DELETE for a cached "
        "behavior associated with an origin group."
    )
    first = config(1, 2)["DefaultCacheBehavior"] | {"TargetOriginId": "first"}
    ordered = counted([default | {"PathPattern": "*/large"}])
    code, _ = refusal(cloudfront, DefaultCacheBehavior=first, CacheBehaviors=ordered)
    assert code == "InvalidArgument"


@pytest.mark.parametrize("statuses", [[200], [301], [401], [429], [404, 501]])
def test_a_status_that_cannot_be_a_criterion_is_refused(cloudfront, statuses):
    criteria = {"StatusCodes": counted(statuses)}
    code, _ = refusal(cloudfront, OriginGroups=groups(FailoverCriteria=criteria))
    assert code == "InvalidArgument"


def test_every_other_status_can_be_one(cloudfront):
    possible = config(3, 4)
    (group,) = possible["OriginGroups"]["Items"]
    group["FailoverCriteria"]["StatusCodes"] = counted(POSSIBLE)
    made = cloudfront.create_distribution(DistributionConfig=possible)["Distribution"]
    (kept,) = made["DistributionConfig"]["OriginGroups"]["Items"]
    assert kept["FailoverCriteria"]["StatusCodes"]["Items"] == POSSIBLE


@pytest.mark.parametrize(
    ("members", "code"),
    [
        (["first", "second", "first"], "InvalidArgument"),
        (["first", "third"], "NoSuchOrigin"),
    ],
)
def test_a_group_has_two_origins_of_the_distribution(cloudfront, members, code):
    named = counted([{"OriginId": member} for member in members])
    assert refusal(cloudfront, OriginGroups=groups(Members=named))[0] == code
