"""The way out without a CDN."""

from function.engine.renditions import DEFAULT_RENDITIONS
from tests.infra.engine import ACCOUNT


def test_public_delivery_names_each_public_object_and_denies_the_index(dev):
    policy = dev.one("BucketPolicy", "-destination").statements()
    suffixes = {arn.rsplit("/", 1)[-1] for arn in policy["PublicRead"]["Resource"]}
    assert suffixes == {"manifest.json"} | {
        f"{r.name}.{extension}" for r in DEFAULT_RENDITIONS for extension in ("???", "????")
    }
    assert policy["DenyIndex"]["Resource"].endswith("/_index/*")
    assert policy["DenyIndex"]["Condition"] == {
        "StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}
    }
