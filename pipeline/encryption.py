"""The stack's own KMS key, made only when ``encryption: kms`` asks for it."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from pipeline.component import Component, Options, policy_of
from pipeline.identity import Identity
from pipeline.naming import resource_name, tags
from pipeline.permissions import service_policies


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    """The account that the key belongs to, and whether Pulumi refuses to delete it."""

    identity: Identity
    protect: bool


class EncryptionKey(Component):
    """A key with yearly rotation, its alias, and a policy that lets the CDN decrypt.

    The key stays in AWS when it leaves the stack, by ``encryption: s3`` or ``pulumi destroy``:
    a key that is scheduled for deletion makes all that it encrypted unreadable at once (KMS
    developer guide, "Deleting AWS KMS keys"). Its alias is deleted.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:encryption:EncryptionKey", name, opts)
        key_name = resource_name(name, "key")
        key = kms.Key(
            key_name,
            description=f"Uploads and renditions of {name}",
            enable_key_rotation=True,
            policy=policy_of(
                service_policies.encryption_key, args.identity.account_id, args.identity.partition
            ),
            tags=tags(),
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.protect or None, retain_on_delete=True
            ),
        )
        kms.Alias(key_name, target_key_id=key.key_id, opts=self.named_before("name"))
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
