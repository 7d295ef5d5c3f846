"""Programs that several files of tests look at, each evaluated once."""

import logging

import pytest

from tests.infra.engine import EVERYTHING, Program, evaluated, run_committed
from tests.infra.variants import DOMAIN, KMS, QUOTAS, STACKS

VARIANTS = {"kms": KMS, "near": {"duplicates": "near"}, "quotas": QUOTAS}

# A program that ends early leaves futures behind, which are reported when they are collected, with
# a traceback, whose formatting parses source: inside another parse, that crashes CPython 3.11
# (gh-106905).
logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)


@pytest.fixture(scope="session", params=[*STACKS, *VARIANTS])
def program(request) -> Program:
    """Each stack with the settings of its file, and the variants that none of them ships as."""
    if request.param in VARIANTS:
        return evaluated("dev", **VARIANTS[request.param])
    return run_committed(request.param)


@pytest.fixture(scope="session")
def site() -> Program:
    """Prod with all that the CDN can be asked for."""
    return evaluated("prod", site="true", **DOMAIN, priceClass="PriceClass_100")


@pytest.fixture(scope="session")
def dev() -> Program:
    return evaluated("dev")


@pytest.fixture(scope="session")
def prod() -> Program:
    return evaluated("prod")


@pytest.fixture(scope="session")
def kms() -> Program:
    return evaluated("dev", **KMS)


@pytest.fixture(scope="session")
def everything() -> Program:
    """A stack with every type of resource."""
    return evaluated("prod", **EVERYTHING)
