"""The role of S3 Batch Operations' jobs: invoke a function, read a list, write a report."""

from function.contract.keys import BATCH_OPERATIONS
from pipeline.permissions.documents import Document, allow, document


def assumed_by_batch_operations() -> Document:
    """Return the trust policy of the jobs' role: S3 Batch Operations may assume it.

    Without a condition, as AWS documents it (S3 user guide, "Granting permissions for Batch
    Operations", read 2026-11-27): no page says that Batch Operations sends ``aws:SourceArn``, and a
    condition on a key that is not sent would refuse every job. To give the role to a job takes
    ``iam:PassRole`` on it, which no other account has.
    """
    service = {"Service": "batchoperations.s3.amazonaws.com"}
    return document([{"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}])


def job_role(function_arn: str, source_arn: str) -> Document:
    """Return the policy of the jobs' role (the same guide, "Invoke AWS Lambda function").

    It may read no upload: the function does that, with its own role.

    Args:
        function_arn: the function that a job invokes for each upload.
        source_arn: source bucket, which is listed, and which keeps lists and reports.
    """
    objects = f"{source_arn}/{BATCH_OPERATIONS}*"
    return document(
        [
            allow("InvokeFunction", ["lambda:InvokeFunction"], function_arn),
            allow("ReadManifest", ["s3:GetObject", "s3:GetObjectVersion"], objects),
            allow("WriteManifestAndReport", ["s3:PutObject"], objects),
            # Taken over from the policy for a generated manifest in "Configuring an IAM role for S3
            # Batch Replication" (the same guide). We found no page that says what a job that
            # invokes a function needs to have its list generated; not tried on AWS.
            allow("GenerateManifest", ["s3:PutInventoryConfiguration"], source_arn),
        ]
    )
