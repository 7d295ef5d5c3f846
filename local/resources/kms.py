"""Encryption keys and their aliases."""

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from local.inputs import Inputs
from local.resources.calls import Call
from local.resources.kind import Context, Created, Kind, State
from local.resources.tags import put_tags, tags_of


def key(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a key, or update the one whose tag ``Name`` is this name."""
    kms = context.client("kms")
    inputs.expect("enableKeyRotation", value=True)
    metadata = _find(kms, name) or kms.create_key()["KeyMetadata"]
    key_id = metadata["KeyId"]
    put_tags(context, "kms", key_id, inputs.take("tags", {}) | {"Name": name})
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=inputs.need("policy"))
    kms.update_key_description(KeyId=key_id, Description=inputs.take("description", ""))
    kms.enable_key(KeyId=key_id)
    kms.enable_key_rotation(KeyId=key_id)
    return Created(key_id, {"keyId": key_id, "arn": metadata["Arn"]})


def delete_key(context: Context, state: State) -> None:
    """Schedule a key for deletion, unless it is scheduled."""
    kms = context.client("kms")
    with contextlib.suppress(kms.exceptions.KMSInvalidStateException):
        kms.schedule_key_deletion(KeyId=state["id"])


def alias(context: Context, name: str, inputs: Inputs) -> Created:
    """Give a key a name, or move the name to another key."""
    kms = context.client("kms")
    prefixed = f"alias/{name.removeprefix('alias/')}"  # as Pulumi names it
    name, key_id = inputs.take("name", prefixed), inputs.need("targetKeyId")
    try:
        kms.create_alias(AliasName=name, TargetKeyId=key_id)
    except kms.exceptions.AlreadyExistsException:
        kms.update_alias(AliasName=name, TargetKeyId=key_id)
    return Created(name, {"name": name})


def _find(kms: Any, name: str) -> dict[str, Any] | None:
    for found in kms.list_keys(Limit=1000)["Keys"]:
        metadata = kms.describe_key(KeyId=found["KeyId"])["KeyMetadata"]
        tags = kms.list_resource_tags(KeyId=found["KeyId"])["Tags"]
        lives = metadata["KeyState"] != "PendingDeletion"
        if lives and {"TagKey": "Name", "TagValue": name} in tags:
            return metadata
    return None


_KEY: Final = {"KeyId": "$id"}

KINDS: Final[Mapping[str, Kind]] = {
    "aws:kms/key:Key": Kind(
        put=key,
        read={
            # A key that waits for its deletion is of no use to anyone.
            "key": Call(
                "kms",
                "describe_key",
                _KEY,
                "KeyMetadata.KeyState != 'PendingDeletion' && KeyMetadata || `null`",
            ),
            "policy": Call("kms", "get_key_policy", {**_KEY, "PolicyName": "default"}, "Policy"),
            "rotation": Call("kms", "get_key_rotation_status", _KEY, "KeyRotationEnabled"),
            "tags": tags_of("kms", "$id"),
        },
        delete=delete_key,
    ),
    "aws:kms/alias:Alias": Kind(
        put=alias,
        read={"key": Call("kms", "describe_key", _KEY, "KeyMetadata.KeyId")},
        delete=Call("kms", "delete_alias", {"AliasName": "$id"}),
    ),
}
