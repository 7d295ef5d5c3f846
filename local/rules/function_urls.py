"""Function URLs: permission to call one, and CloudFront's signature of a request to one.

MiniStack (1.5.33) calls the function of a URL without authentication whatever its policy says, and
its CloudFront does not sign requests, so a URL with ``AWS_IAM`` would refuse the CDN too.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final

from local.rules.ministack import cloudfront, iam_evaluator, lambda_svc, replaces

CLOUDFRONT: Final = "cloudfront.amazonaws.com"
"""The principal that CloudFront signs as, with ``AWS:SourceArn`` of its distribution."""

_distribution: Final[ContextVar[str]] = ContextVar("distribution", default="")
"""ARN of the distribution whose signed request is on its way to a function URL; else empty."""


@replaces(vars(cloudfront), "_fetch_from_origin")
async def sign(fetch: Callable[..., Any], origin: Mapping[str, Any], *request: Any) -> Any:
    """Sign a request to a function URL whose origin has an access control of that kind.

    "Restrict access to an AWS Lambda function URL origin", "Advanced settings for origin access
    control" (CloudFront developer guide): CloudFront's signature takes the place of the viewer's.
    """
    method, uri, query, headers, *rest = request
    control: Mapping[str, str] = cloudfront._oacs.get(origin["oac_id"]) or {}
    behavior = control.get("SigningBehavior", "never")
    if (
        cloudfront._registered_function_url(origin) is None
        or control.get("OriginAccessControlOriginType") != "lambda"
        or behavior == "never"
        or (behavior == "no-override" and "authorization" in headers)
    ):
        return await fetch(origin, *request)
    sent = {name: value for name, value in headers.items() if name != "authorization"}
    token = _distribution.set(rest[-1])
    try:
        return await fetch(origin, method, uri, query, sent, *rest)
    finally:
        _distribution.reset(token)


@replaces(vars(lambda_svc), "_function_url_is_signed")
def is_signed(ministacks: Callable[..., bool], *request: Any) -> bool:
    """Return whether a caller, or CloudFront in the name of a distribution, signed a request."""
    return bool(_distribution.get()) or ministacks(*request)


@replaces(vars(lambda_svc), "handle_function_url_request")
async def authorize(serve: Callable[..., Any], url_id: str, *request: Any, **how: Any) -> Any:
    """Call the function if its policy allows both actions to the caller.

    "Control access to Lambda function URLs" (Lambda developer guide): since October 2025 a URL
    needs ``lambda:InvokeFunctionUrl`` and ``lambda:InvokeFunction``. MiniStack checks callers that
    sign their requests. A browser's preflight request has no signature.
    """
    method, _path, headers, body, _query = request
    found = how.get("resolved") or lambda_svc.resolve_function_url(url_id)
    is_preflight = method == "OPTIONS" and found is not None and found[-1].get("Cors")
    if found is not None and not is_preflight:
        by_cloudfront = bool(_distribution.get())
        if by_cloudfront and not _has_hash(headers, body):
            return _refuse(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service "
                "documentation for details.",
            )
        if (by_cloudfront or found[-1]["AuthType"] == "NONE") and not _is_let_in(*found):
            return _refuse(
                "AccessDeniedException",
                "Forbidden. For troubleshooting Function URL authorization issues, see: "
                "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
            )
    return await serve(url_id, *request, **how)


def _has_hash(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether the signature is over this body: it takes the viewer's word for its hash.

    "Restrict access to an AWS Lambda function URL origin" (CloudFront developer guide).
    """
    nothing = hashlib.sha256(b"").hexdigest()
    given = headers.get("x-amz-content-sha256", nothing)
    return given == hashlib.sha256(body or b"").hexdigest()


def _is_let_in(
    account: str, region: str, name: str, qualifier: str | None, config: Mapping[str, Any]
) -> bool:
    """Return whether the function's policy has both permissions, for CloudFront or for anyone."""
    distribution = _distribution.get()
    common = {"aws:sourcearn": distribution} if distribution else {}
    keys = {
        "lambda:InvokeFunctionUrl": {"lambda:functionurlauthtype": config["AuthType"]},
        "lambda:InvokeFunction": {"lambda:invokedviafunctionurl": "true"},
    }
    function = lambda_svc._functions.get_scoped(account, region, name)
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    return all(
        iam_evaluator.evaluate_resource_policy(
            function["policy"],
            iam_evaluator.EvalContext(
                principal_arn="*",
                principal_type="Service" if distribution else "Anonymous",
                principal_account="",
                action=action,
                resource_arn=f"{arn}:{qualifier}" if qualifier else arn,
                region=region,
                service_context=common | context,
            ),
            service=CLOUDFRONT if distribution else None,
        ).decision
        == "Allow"
        for action, context in keys.items()
    )


def _refuse(kind: str, message: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": kind}
    return HTTPStatus.FORBIDDEN, headers, json.dumps({"Message": message}).encode()
