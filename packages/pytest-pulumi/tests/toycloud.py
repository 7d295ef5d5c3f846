"""A provider's classes, small: what generated SDKs look like."""

from typing import Any

import pulumi


@pulumi.type_token("toy:storage/bucket:Bucket")
class Bucket(pulumi.CustomResource):
    arn: pulumi.Output[str]
    tags: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, tags: Any = None, opts: Any = None, **inputs: Any) -> None:
        known = {"tags": tags, "arn": None, **inputs}
        super().__init__("toy:storage/bucket:Bucket", name, known, opts)


@pulumi.type_token("toy:storage/policy:Policy")
class Policy(pulumi.CustomResource):
    def __init__(self, name: str, opts: Any = None, **inputs: Any) -> None:
        super().__init__("toy:storage/policy:Policy", name, inputs, opts)


class Provider(pulumi.ProviderResource):
    def __init__(self, name: str, opts: Any = None) -> None:
        super().__init__("toy", name, {"region": "here"}, opts)


class Pair(pulumi.ComponentResource):
    """A bucket and its policy."""

    def __init__(self, name: str, opts: Any = None, **inputs: Any) -> None:
        super().__init__("toy:parts:Pair", name, None, opts)
        below = pulumi.ResourceOptions(parent=self)
        self.bucket = Bucket(f"{name}-bucket", opts=below, **inputs)
        self.policy = Policy(f"{name}-policy", opts=below, target=self.bucket.arn)
        self.register_outputs({"arn": self.bucket.arn})


def invoke(token: str, arguments: Any) -> Any:
    return pulumi.runtime.invoke(token, arguments).value


class Box(pulumi.CustomResource):
    """Has data, and is no bucket."""

    def __init__(self, name: str) -> None:
        super().__init__("toy:storage/volume:Volume", name, {})
