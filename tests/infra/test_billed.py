"""The bill counts with the figures of the components."""

from bench.cost import bill
from pipeline import queues, signer


def test_what_the_program_has_too_is_the_same_here():
    assert bill.POLL_S == queues.LONG_POLL
    assert bill.SIGNER_GB == signer.MEMORY / 1024
