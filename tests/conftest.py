"""The machine's settings that all tests need."""

import os
import shutil
from pathlib import Path

import playwright

if shutil.which("node") is None:
    # Playwright brings its own, which runs the CDN's function as well as any.
    driver = Path(playwright.__file__).parent / "driver"
    os.environ["PATH"] += f"{os.pathsep}{driver}"
