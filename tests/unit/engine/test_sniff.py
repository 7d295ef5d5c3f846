import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_jpeg_imports_no_other_format():
    code = (
        "import sys; from function.engine.sniff import sniff;"
        "sniff(b'\\xff\\xd8\\xff' + bytes(99)); found = 'function.engine.formats.';"
        "print(*(name.removeprefix(found) for name in sys.modules if name.startswith(found)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    assert sorted(run.stdout.decode().split()) == ["format", "jpeg"]
