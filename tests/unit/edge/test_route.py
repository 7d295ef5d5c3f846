"""The Node tests of the code that runs at CloudFront's edges."""

import subprocess
from pathlib import Path


def test_the_node_tests_pass():
    command = ["node", "--test", str(Path(__file__).with_name("route.test.mjs"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
