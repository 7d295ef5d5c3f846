"""The bill and the plan of capacity count with the figures of the components."""

from bench.capacity import limits
from bench.cost import bill
from pipeline import queues, signer


def test_what_the_program_has_too_is_the_same_here():
    assert bill.POLL_S == queues.LONG_POLL
    assert bill.SIGNER_GB == signer.MEMORY / 1024
    assert limits.RETENTION_S == queues.RETENTION
    assert limits.SIGNER_CONCURRENCY == signer.CONCURRENCY
