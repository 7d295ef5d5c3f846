"""The guardrails, as data."""

from typing import Final

from . import access, events, transport, upkeep
from .rule import Rule

RULES: Final = (
    Rule(
        name="visibility-timeout",
        description="A queue hides a message for at least six times its function's timeout.",
        whole=events.visibility,
    ),
    Rule(
        name="dead-letters",
        description="A queue that feeds a function has a dead-letter queue, after five receives.",
        whole=events.dead_letters,
    ),
    Rule(
        name="partial-batch",
        description="A message fails alone, never its batch.",
        each={events.MAPPING: events.partial_batch},
    ),
    Rule(
        name="no-loop",
        description="A function does not write to the bucket whose events it handles.",
        whole=events.loop,
    ),
    Rule(
        name="tls-only",
        description="Buckets, queues, topics and CDNs refuse plain HTTP.",
        each=transport.TLS_CHECKS,
        whole=transport.unguarded,
    ),
    Rule(
        name="encryption",
        description="Buckets and queues encrypt their content; the stack's own keys rotate.",
        each=transport.ENCRYPTION_CHECKS,
        whole=transport.unencrypted,
    ),
    Rule(
        name="least-privilege",
        description="Each permission names its actions, resources and principals: no wildcards.",
        each=access.PRIVILEGE_CHECKS,
    ),
    Rule(
        name="public-access",
        description="Block Public Access is never more permissive than the bucket policy needs.",
        each={access.BLOCK: access.acls_blocked},
        whole=access.public_access,
    ),
    Rule(
        name="log-retention",
        description="Logs expire, and functions log to groups that expire.",
        each=upkeep.LOG_CHECKS,
    ),
    Rule(
        name="tags",
        description="Resources that can be tagged name their project, stack and manager.",
        each=dict.fromkeys(upkeep.TAGGABLE, upkeep.tagged),
    ),
)
"""Every guardrail; the other modules of this package have their checks."""
