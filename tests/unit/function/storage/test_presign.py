"""URLs that read one object for a while."""

from datetime import UTC, datetime

from function.storage.presign import presign

EXAMPLE = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "us-east-1",
}
NOW = datetime(2013, 5, 24, tzinfo=UTC)


def test_a_url_is_the_one_that_botocore_makes(monkeypatch):
    """The same request by AWS's own library, with a role's token and a key that needs quoting."""
    import botocore.auth  # noqa: PLC0415 - slow
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    class At(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOW

        @classmethod
        def utcnow(cls):
            return NOW.replace(tzinfo=None)

    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOW, raising=False)
    monkeypatch.setattr("botocore.auth.datetime", type("", (), {"datetime": At}), raising=False)
    key = "_index/moderation/held/ä b+c%/_0.look"
    variables = EXAMPLE | {"AWS_SESSION_TOKEN": "to/ken+="}
    mine = presign("bucket", key, 300, variables, NOW)
    url, _, query = mine.partition("?")
    assert url == (
        "https://s3.us-east-1.amazonaws.com/bucket/_index/moderation/held/%C3%A4%20b%2Bc%25/_0.look"
    )
    request = AWSRequest("GET", url)
    credentials = Credentials(
        EXAMPLE["AWS_ACCESS_KEY_ID"], EXAMPLE["AWS_SECRET_ACCESS_KEY"], "to/ken+="
    )
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", "us-east-1", expires=300).add_auth(request)
    theirs = dict(part.split("=", 1) for part in request.url.partition("?")[2].split("&"))
    assert dict(part.split("=", 1) for part in query.split("&")) == theirs


def test_without_a_token_none_is_sent():
    assert "Security-Token" not in presign("bucket", "a", 60, EXAMPLE, NOW)
    assert "X-Amz-Expires=60&" in presign("bucket", "a", 60, EXAMPLE, NOW)
