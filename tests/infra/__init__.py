"""Tests of the program, evaluated on mocks."""

import sys
from pathlib import Path

# pytest puts the mock kit on the path by itself; `python -m tests.infra.state` runs without it.
sys.path.append(str(Path(__file__).parents[2] / "packages/pytest-pulumi/src"))
