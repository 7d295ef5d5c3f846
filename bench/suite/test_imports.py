"""Cold import: a fresh interpreter that imports the handler, and one that imports nothing."""

import pytest

from bench.maintain.imports import STATEMENTS, cpu_ms


@pytest.mark.benchmark(group="cold import")
@pytest.mark.parametrize("name", ["bare", "handler"])
def test_import(benchmark, name):
    assert benchmark.pedantic(cpu_ms, (STATEMENTS[name],), rounds=7, warmup_rounds=1) > 0
