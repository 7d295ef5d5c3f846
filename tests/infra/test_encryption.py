"""The stack's own key."""


def test_kms_encrypts_buckets_with_the_stacks_own_rotating_key(kms):
    key = kms.one("Key")
    assert key.inputs["enableKeyRotation"] is True
    arn = f"{key.name}-1234567"
    for part in ("-source", "-destination"):
        (rule,) = kms.one("BucketServerSideEncryptionConfiguration", part).inputs["rules"]
        default = rule["applyServerSideEncryptionByDefault"]
        assert default["sseAlgorithm"] == "aws:kms"
        assert default["kmsMasterKeyId"].endswith(arn)
        assert rule["bucketKeyEnabled"] is True
    use = kms.one("RolePolicy", "-resizer").statements()["UseKey"]
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert use["Resource"].endswith(arn)
    variables = kms.one("Function", "-resizer").inputs["environment"]["variables"]
    assert variables["KMS_KEY_ARN"].endswith(arn)


def test_the_key_outlives_the_setting_and_the_stack_and_its_alias_does_not(kms):
    assert kms.one("Key").retain_on_delete
    assert not kms.one("Alias").retain_on_delete
