"""Rules of AWS that MiniStack (1.5.33) leaves out: without them it is kinder than AWS.

Each rule is a small function that names the AWS page that states it, and has a contract test in
``tests/local/test_rules_*.py``. The table of all of them is in docs/run.md.
"""

from local.rules import (
    account_block,
    cloudfront,
    cloudwatch,
    condition_keys,
    conflicts,
    iam,
    lambda_,
    logs,
    polling,
    s3,
    sqs,
    updates,
)

_ALL = (
    *(account_block, cloudfront, cloudwatch, condition_keys, conflicts, iam, lambda_, logs),
    *(polling, s3, sqs, updates),
)


def install() -> None:
    """Make MiniStack follow these rules, in this process."""
    for rules in _ALL:
        rules.install()
