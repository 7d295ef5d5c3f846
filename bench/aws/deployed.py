"""The function that a stack has deployed, which its clone copies; it is only read."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.sweep.results import Place
from function.contract import MOST_SECONDS, StackOutput
from local.http import request
from local.server import HOST
from ops.stack import Stack
from pipeline.bundle.target import Machine
from pipeline.contradictions import ANSWER_SECONDS
from terminal import Failure

if TYPE_CHECKING:
    from types_boto3_lambda.literals import LogFormatType, RuntimeType

_OK: Final = 200

DIFFERENCES: Final = (
    "Differences from the deployed function: its own buckets, no queue, S3-managed keys, no search "
    "for duplicates, no traces, no metrics, and a timeout that fits the batch."
)


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A deployed function's configuration; ``timeout`` in seconds."""

    name: str
    arn: str
    architecture: Machine
    runtime: "RuntimeType"
    handler: str
    memory_mb: int
    timeout: int
    code_sha256: str
    log_format: "LogFormatType"
    endpoint: str
    variables: Mapping[str, str]
    location: str  # URL of its code, valid for ten minutes

    @classmethod
    def read(cls, stack: Stack) -> "Deployed":
        """Read the configuration of a stack's function.

        Raises:
            Failure: its environment is encrypted with a key that the caller may not use.
        """
        lambda_ = stack.client("lambda")
        found = lambda_.get_function(FunctionName=stack.outputs[StackOutput.FUNCTION_NAME])
        facts = found["Configuration"]
        environment = facts.get("Environment", {})
        if "Variables" not in environment:
            raise Failure(
                f"Lambda does not tell the variables of {facts['FunctionName']}; it has none, or "
                "you may not decrypt them (kms:Decrypt on its key)."
            )
        return cls(
            name=facts["FunctionName"],
            arn=facts["FunctionArn"],
            architecture=facts.get("Architectures", ["x86_64"])[0],
            runtime=facts["Runtime"],
            handler=facts["Handler"],
            memory_mb=facts["MemorySize"],
            timeout=facts["Timeout"],
            code_sha256=facts["CodeSha256"],
            log_format=facts.get("LoggingConfig", {}).get("LogFormat", "Text"),
            endpoint=lambda_.meta.endpoint_url,
            variables=environment["Variables"],
            location=found["Code"]["Location"],
        )

    @property
    def partition(self) -> str:
        """Partition of AWS that it lives in, e.g. ``aws``."""
        return self.arn.split(":")[1]

    @property
    def region(self) -> str:
        """Region that it lives in, e.g. ``us-east-1``."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """Account that it lives in."""
        return self.arn.split(":")[4]

    @property
    def measured_on(self) -> Place:
        """Where its clone is measured."""
        return "embedded AWS" if f"//{HOST}:" in self.endpoint else "aws"

    def code(self) -> bytes:
        """Download its zip, and hold it against the digest that Lambda states.

        Raises:
            Failure: it cannot be fetched, or is another one.
        """
        try:
            status, code = request("GET", self.location)
        except OSError as error:
            raise Failure(f"The code of {self.name} cannot be fetched: {error}") from error
        if status != _OK:
            raise Failure(f"The code of {self.name} cannot be fetched: HTTP status {status}.")
        digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
        if digest != self.code_sha256:
            raise Failure(
                f"The code of {self.name} that was fetched is not the one that Lambda states "
                "(CodeSha256); it was probably updated meanwhile: run the same command again."
            )
        return code

    def timeout_for(self, batch_size: int) -> int:
        """Return the timeout that the stack has, or would have to give such a batch, in seconds."""
        return max(self.timeout, batch_size * MOST_SECONDS + ANSWER_SECONDS)

    def variables_for(self, destination: str, batch_size: int) -> dict[str, str]:
        """Return a clone's environment, in which nothing refers to the stack."""
        return {
            **self.variables,
            "DESTINATION_BUCKET": destination,
            "KMS_KEY_ARN": "",
            "DUPLICATES": "off",
            "INDEX_TABLE": "",
            "PUBLISH_METRICS": "false",
            "TAGS_REJECTED": "false",
            "UPLOAD_PREFIXES": "",
            "TIMEOUT": str(self.timeout_for(batch_size)),
        }
