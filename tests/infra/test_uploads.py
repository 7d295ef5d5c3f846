"""The way in: by anyone, or by those with a signed form."""


def test_public_uploads_allow_put_under_the_prefix_and_nothing_else(dev):
    policy = dev.one("BucketPolicy", "-source").statements()
    allowed = [s for s in policy.values() if s["Effect"] == "Allow"]
    assert [(s["Principal"], s["Action"]) for s in allowed] == [("*", "s3:PutObject")]
    assert allowed[0]["Resource"].endswith("/uploads/*")
    assert allowed[0]["Condition"] == {
        "StringEqualsIfExists": {
            "s3:x-amz-storage-class": "STANDARD",
            "s3:x-amz-server-side-encryption": "AES256",
        },
        "Null": {
            "s3:x-amz-server-side-encryption-aws-kms-key-id": "true",
            "s3:x-amz-server-side-encryption-customer-algorithm": "true",
        },
    }
    block = dev.one("BucketPublicAccessBlock", "-source").inputs
    assert (block["blockPublicAcls"], block["ignorePublicAcls"]) == (True, True)
    assert (block["blockPublicPolicy"], block["restrictPublicBuckets"]) == (False, False)


def test_presigned_uploads_and_cdn_leave_nothing_public(prod):
    for part in ("-source", "-destination"):
        block = prod.one("BucketPublicAccessBlock", part).inputs
        switches = [v for k, v in block.items() if k != "bucket"]
        assert switches == [True, True, True, True]
        statements = prod.one("BucketPolicy", part).statements().values()
        assert all(s["Principal"] != "*" for s in statements if s["Effect"] == "Allow")
