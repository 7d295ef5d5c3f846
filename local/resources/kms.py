"""Encryption keys and their aliases."""

from typing import Any

from local.inputs import Inputs
from local.resources.context import Context, Created


def key(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a key, or return the one that carries this name."""
    kms = context.client("kms")
    policy, description = inputs.need("policy"), inputs.take("description", "")
    inputs.expect("enableKeyRotation", value=True)
    tags = [{"TagKey": k, "TagValue": v} for k, v in inputs.take("tags", {}).items()]
    metadata = _find(kms, name)
    if metadata is None:
        metadata = kms.create_key(
            Description=description,
            Policy=policy,
            Tags=[*tags, {"TagKey": "Name", "TagValue": name}],
        )["KeyMetadata"]
    kms.put_key_policy(KeyId=metadata["KeyId"], PolicyName="default", Policy=policy)
    kms.enable_key_rotation(KeyId=metadata["KeyId"])
    return Created(metadata["KeyId"], {"keyId": metadata["KeyId"], "arn": metadata["Arn"]})


def alias(context: Context, _name: str, inputs: Inputs) -> Created:
    """Give a key a name of its own."""
    kms = context.client("kms")
    name, key_id = inputs.need("name"), inputs.need("targetKeyId")
    try:
        kms.create_alias(AliasName=name, TargetKeyId=key_id)
    except kms.exceptions.AlreadyExistsException:
        kms.update_alias(AliasName=name, TargetKeyId=key_id)
    return Created(name, {"name": name})


def _find(kms: Any, name: str) -> dict[str, Any] | None:
    for found in kms.list_keys()["Keys"]:
        tags = kms.list_resource_tags(KeyId=found["KeyId"]).get("Tags", [])
        if {"TagKey": "Name", "TagValue": name} in tags:
            return {"KeyId": found["KeyId"], "Arn": found["KeyArn"]}
    return None
