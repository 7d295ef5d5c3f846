"""S3 Batch Operations, which MiniStack (1.5.33) does not have, for jobs that invoke a function.

CreateJob, DescribeJob and UpdateJobStatus (S3 Control API reference).
"""

import contextvars
import threading
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from local.batch_operations import runner, xml
from local.batch_operations.job import ENDED, Job
from local.batch_operations.session import Session
from local.rules.ministack import app, replaces, responses, role_may, s3
from local.rules.roles import assume

Response = tuple[int, dict[str, str], bytes]

PATH: Final = "/v20180820/jobs"

SERVICE: Final = "batchoperations.s3.amazonaws.com"
"""Principal that assumes a job's role ("Granting permissions for Batch Operations")."""

KEPT: Final = 100
"""Jobs that are remembered; AWS forgets a job 90 days after its end."""

_jobs: Final[dict[str, Job]] = {}
_tokens: Final[dict[str, str]] = {}


@replaces(vars(app), "_handle_s3_control_request")
async def s3_control(
    handle: Callable[..., Awaitable[Response | None]],
    path: str,
    method: str,
    body: bytes,
    *rest: Any,
) -> Response | None:
    """Serve what S3 Control has for jobs."""
    if not path.startswith(PATH):
        return await handle(path, method, body, *rest)
    query, request_id, headers = rest

    def refusal(action: str, resource: str = "*") -> Response | None:
        denied = app._enforce_data_plane(
            "s3", action, headers, query, request_id, resource_arn=resource
        )
        return denied or s3.s3control_account_error(headers)

    named = path.removeprefix(PATH).strip("/")
    if named:
        return _about(named, query, refusal)
    if method == "POST":
        return _create(body, refusal)
    return await handle(path, method, body, *rest)


def _about(
    named: str, query: Mapping[str, Any], refusal: Callable[..., Response | None]
) -> Response:
    """Describe or cancel a job."""
    id_, _, status = named.partition("/")
    denied = refusal("s3:UpdateJobStatus" if status else "s3:DescribeJob", _arn(id_))
    job = _jobs.get(id_)
    if denied or job is None:
        return denied or s3.s3control_error("NoSuchJob", "No such job", 404)
    if status:
        return _update(job, query)
    return _answer("DescribeJob", {"Job": job.describe(_arn(id_))})


def _create(body: bytes, refusal: Callable[..., Response | None]) -> Response:
    """Create a job, and start it: no confirmation is asked for."""
    denied = refusal("s3:CreateJob")
    if denied:
        return denied
    try:
        asked = xml.read("CreateJob", body)
        role = asked["RoleArn"]
        wrong = _wrong(asked)
    except (ParseError, KeyError) as error:
        return s3.s3control_error("MalformedXML", f"The request is not complete: {error}", 400)
    denied = refusal("iam:PassRole", role)
    if denied or wrong:
        return denied or s3.s3control_error("InvalidRequest", wrong, 400)
    token = asked["ClientRequestToken"]
    if token not in _tokens:
        generator = asked.get("ManifestGenerator", {}).get("S3JobManifestGenerator", {})
        listed = generator.get("SourceBucket", "")
        credentials = assume(role, SERVICE, "s3-batch-operations")
        job = Job(
            id=str(uuid.uuid4()),
            asked=asked,
            session=Session(*credentials) if credentials else None,
            may_list=bool(listed) and role_may(role, "s3:PutInventoryConfiguration", listed),
        )
        _tokens[token] = job.id
        _jobs[job.id] = job
        _forget()
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(runner.run, job), daemon=True).start()
    return _answer("CreateJob", {"JobId": _tokens[token]})


def _wrong(asked: Mapping[str, Any]) -> str:
    """Return why a job cannot be; empty if it can, or what of AWS's is missing here."""
    generator = asked.get("ManifestGenerator", {}).get("S3JobManifestGenerator")
    listed = asked.get("Manifest", {}).get("Spec", {}).get("Format")
    filters: dict[str, Any] = generator.get("Filter", {}) if generator else {}
    names: dict[str, Any] = filters.get("KeyNameConstraint", {})
    reasons = {
        "Jobs must be created with either a manifest file or a ManifestGenerator.": (
            (generator is None) is (listed is None)
        ),
        "A report needs a bucket.": asked["Report"]["Enabled"] and "Bucket" not in asked["Report"],
        # Of AWS's, the embedded AWS has what a backfill takes.
        "Only jobs that invoke a function are known here.": "LambdaInvoke"
        not in asked["Operation"],
        "No jobs are confirmed here.": bool(asked.get("ConfirmationRequired")),
        "Only lists of S3 Inventory are read here.": listed
        not in (None, "S3InventoryReport_CSV_20161130"),
        "Only MatchAnyPrefix filters here.": bool(
            filters.keys() - {"KeyNameConstraint"} or names.keys() - {"MatchAnyPrefix"}
        ),
        "Every generated list is kept here.": generator is not None
        and "ManifestOutputLocation" not in generator,
    }
    return next((reason for reason, is_wrong in reasons.items() if is_wrong), "")


def _update(job: Job, query: Mapping[str, Any]) -> Response:
    """Cancel a job, which then asks for no more invocations."""
    given: Any = query.get("requestedJobStatus", "")
    wanted: str = given if isinstance(given, str) else given[0]
    if wanted != "Cancelled" or job.status in ENDED:
        message = f"A job that is {job.status} cannot become {wanted}."
        return s3.s3control_error("JobStatusException", message, 400)
    job.status = "Cancelling"
    job.cancelled.set()
    return _answer("UpdateJobStatus", {"JobId": job.id, "Status": job.status})


def _forget() -> None:
    """Keep the newest jobs, and all that have not ended."""
    for id_ in [id_ for id_, job in _jobs.items() if job.status in ENDED][:-KEPT]:
        del _jobs[id_]


def _arn(id_: str) -> str:
    return f"arn:aws:s3:{responses.get_region()}:{responses.get_account_id()}:job/{id_}"


def _answer(operation: str, answer: Mapping[str, Any]) -> Response:
    return 200, {"Content-Type": "application/xml"}, xml.write(operation, answer)
