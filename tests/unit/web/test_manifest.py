"""The Node tests of the upload page."""

import subprocess
from pathlib import Path


def test_the_node_tests_pass():
    command = ["node", "--test", str(Path(__file__).with_name("manifest.test.mjs"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
