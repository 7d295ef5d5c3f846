"""Each bucket: private, encrypted, over HTTPS only, and tidied up."""


def test_bucket_policies_come_after_block_public_access(program):
    policies = program.all("BucketPolicy")
    assert len(policies) >= 2
    for policy in policies:
        program.assert_after(policy, program.one("BucketPublicAccessBlock", policy.name))


def test_queues_and_buckets_deny_plain_http(program):
    assert program.all("QueuePolicy") != []
    assert program.all("BucketPolicy") != []
    for policy in [*program.all("QueuePolicy"), *program.all("BucketPolicy")]:
        deny = policy.statements()["DenyPlainHttp"]
        assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for policy in program.all("BucketPolicy"):
        deny = policy.statements()["DenyOldTls"]
        assert deny["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


def test_buckets_are_configured_as_one(program):
    for part in ("-source", "-destination"):
        ownership = program.one("BucketOwnershipControls", part)
        assert ownership.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
        rules = program.one("BucketLifecycleConfiguration", part).inputs["rules"]
        assert rules[0]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
    source_rules = program.one("BucketLifecycleConfiguration", "-source").inputs["rules"]
    assert source_rules[1]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    versioning = program.one("BucketVersioning").inputs["versioningConfiguration"]
    assert versioning == {"status": "Enabled"}


def test_cors_lets_pages_upload_and_read(program):
    upload = program.one("BucketCorsConfiguration", "-source").inputs["corsRules"][0]
    read = program.one("BucketCorsConfiguration", "-destination").inputs["corsRules"][0]
    assert upload["allowedMethods"] == ["PUT", "POST"]
    assert read["allowedMethods"] == ["GET", "HEAD"]


def test_s3_managed_encryption_by_default(dev):
    assert dev.all("Key") == []
    assert len(dev.all("BucketServerSideEncryptionConfiguration")) == len(dev.all("Bucket")) > 0
    for encryption in dev.all("BucketServerSideEncryptionConfiguration"):
        (rule,) = encryption.inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_no_bucket_takes_uploads_under_a_key_that_only_the_uploader_has(program):
    found = program.all("BucketServerSideEncryptionConfiguration")
    assert len(found) == len(program.all("Bucket")) > 0
    for encryption in found:
        (rule,) = encryption.inputs["rules"]
        assert rule["blockedEncryptionTypes"] == ["SSE-C"]
