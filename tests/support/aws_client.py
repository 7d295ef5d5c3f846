"""boto3 clients that send nothing: a test gives the answers.

They are boto3's own, with its paginators and exceptions, and botocore holds what is asked and what
is answered against AWS's description of the service. So no test agrees with the code on an
operation, a parameter or a field that AWS does not have.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import boto3
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.validate import ParamValidator

REGION = "eu-west-1"


class Refusal(NamedTuple):
    """An error that AWS answers."""

    code: str
    status: int = 400
    message: str = "refused by a test"


def aws_client(service: str, default: Any = None, **answers: Any) -> Any:
    """Return a client of a service whose operations are answered as by ``answer_for``.

    One without an answer fails the test, unless there is a default.
    """
    client = _session().client(service)
    return answer_for(client, _fail if default is None else default, **answers)


def answer_for(client: Any, default: Any = None, **answers: Any) -> Any:
    """Have some operations of a client answered by a test, and return the client.

    Args:
        client: made by boto3.
        default: answer to the other operations; None: they are sent.
        answers: by the method's name, the answer without its metadata, a ``Refusal``, or a function
            that returns one of them for the parameters that are given.
    """
    unknown = set(answers) - set(client.meta.method_to_api_mapping)
    assert not unknown, f"AWS does not have {unknown}"

    def note(params: dict[str, Any], context: dict[str, Any], **_more: Any) -> None:
        context["given"] = dict(params)  # boto3 adds more

    def answer(model: Any, context: dict[str, Any], **_more: Any) -> Any:
        found = answers.get(xform_name(model.name), default)
        if callable(found):
            found = found(**context["given"])
        if found is None:
            return None
        if isinstance(found, Refusal):
            error = {"Error": {"Code": found.code, "Message": found.message}}
            return _with_status(error, found.status)
        if model.output_shape:
            _check(found, model.output_shape)
        return _with_status(found, 200)

    client.meta.events.register_first("before-parameter-build.*.*", note)
    client.meta.events.register_first("before-call.*.*", answer)
    return client


def paged(
    pages: list[dict[str, Any]], sent: str = "Marker", answered: str = "Marker", **more: Any
) -> Callable[..., dict[str, Any]]:
    """Return a listing's answer: its pages, each asked for by the token in the one before.

    Args:
        pages: in their order.
        sent: the token's name in a request.
        answered: the token's name in an answer.
        more: of each answer that has a token.
    """

    def answer(**given: Any) -> dict[str, Any]:
        number = int(given.get(sent, 0))
        is_last = number + 1 == len(pages)
        return pages[number] | ({} if is_last else {answered: str(number + 1), **more})

    return answer


def _check(answer: dict[str, Any], shape: Any) -> None:
    """Refuse a field that AWS does not answer; fields that the code does not read may be
    missing."""
    errors = ParamValidator().validate(answer, shape).generate_report().splitlines()
    wrong = [error for error in errors if not error.startswith("Missing required parameter")]
    assert not wrong, f"AWS does not answer this: {wrong}"


def _fail(**given: Any) -> Any:
    raise AssertionError(f"a test gives no answer for {given}")


def _with_status(answer: dict[str, Any], status: int) -> tuple[AWSResponse, dict[str, Any]]:
    metadata = {"ResponseMetadata": {"HTTPStatusCode": status}}
    return AWSResponse(None, status, {}, None), answer | metadata


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session("test", "test", region_name=REGION)
