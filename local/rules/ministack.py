"""MiniStack's modules, and how a rule takes the place of one of their functions."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final, TypeVar

# Imported by name, for they have no types, and what the rules replace is private.
app: Final = import_module("ministack.app")
cloudfront: Final = import_module("ministack.services.cloudfront")
cloudwatch: Final = import_module("ministack.services.cloudwatch")
eventbridge: Final = import_module("ministack.services.eventbridge")
iam: Final = import_module("ministack.services.iam")
iam_actions: Final = import_module("ministack.core.iam_actions")
iam_evaluator: Final = import_module("ministack.core.iam_evaluator")
lambda_runtime: Final = import_module("ministack.core.lambda_runtime")
lambda_svc: Final = import_module("ministack.services.lambda_svc")
logs: Final = import_module("ministack.services.cloudwatch_logs")
responses: Final = import_module("ministack.core.responses")
router: Final = import_module("ministack.core.router")
s3: Final = import_module("ministack.services.s3")
sqs: Final = import_module("ministack.services.sqs")
sts: Final = import_module("ministack.services.sts")
waf: Final = import_module("ministack.services.waf")

Rule = TypeVar("Rule", bound=Callable[..., Any])

_rules: Final[list[tuple[dict[str, Any], str, Callable[..., Any]]]] = []


def replaces(functions: dict[str, Any], name: str) -> Callable[[Rule], Rule]:
    """Decorate a rule, whose first argument is the function that it replaces.

    Args:
        functions: where MiniStack looks the function up: a module's ``vars``, or a table.
        name: its name there.
    """

    def note(rule: Rule) -> Rule:
        _rules.append((functions, name, rule))
        return rule

    return note


def install() -> None:
    """Put each rule in the place of its function, in this process."""
    for functions, name, rule in _rules:
        functions[name] = partial(rule, functions[name])


def error(code: str, message: str, status: int = 400) -> Any:
    """Return an error in the JSON that Lambda and CloudWatch Logs answer with."""
    return responses.error_response_json(code, message, status)


def role_may(role: str, action: str, resource: str) -> bool:
    """Return whether the policies of a role, given by its ARN, allow an action on a resource."""
    account = responses.get_account_id()
    context = iam_evaluator.EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
    )
    policies = iam_evaluator._gather_role_policies(role.rpartition("/")[2], account)
    return iam_evaluator.evaluate(context, policies).decision == "Allow"
