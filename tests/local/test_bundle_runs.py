"""The real bundle, with the wheels that users get, imported as Lambda imports it."""

import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey
from joserfc.jwt import encode

from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from pipeline.bundle import MAX_BYTES, Bundle, Target, build
from pipeline.bundle.bytecode import find_interpreter
from pipeline.environment import environment_variables
from pipeline.settings import RUNTIMES, Settings

ROOT = Path(__file__).parents[2]
RUNTIME = "python3.13"
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in ROOT.glob("function/**/[!_]*.py")
)
PACKAGES = ("PIL", "_pillow_heif", "isal.isal_zlib", "obstore", "pillow_heif", "resvg_py")
POSTER = Rendition(
    name="poster", width=1600, height=1600, formats=("jpeg",), lazy_formats=("avif",), lazy=True
)
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "FORMAT_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/formats",
    **environment_variables(
        Settings(delivery="cdn", renditions=(*DEFAULT_RENDITIONS, POSTER)),
        "destination",
        "https://example.com",
        "",
        source_bucket="source",
    ),
}
IMPORT = """
import importlib, json, sys, time
sys.path.insert(0, sys.argv[1])
started = time.process_time()
modules = [importlib.import_module(name) for name in sys.argv[2:]]
print(json.dumps({"files": [m.__file__ for m in modules], "s": time.process_time() - started}))
"""
RENDER = """
import io, sys
sys.path.insert(0, sys.argv[1])
import pillow_heif
import resvg_py
from PIL import Image
from function.engine import vectors
from function.engine.formats import png
from function.engine.decode import decode
from function.engine.render import render
from function.engine.renditions import Rendition
from function.engine.results import Task
def saved(name):
    buffer = io.BytesIO()
    Image.effect_noise((640, 480), 50).convert("RGB").save(buffer, name)
    return buffer.getvalue()
print(vectors.decode_jpeg(saved("JPEG"), 2, (320, 240)) is not None)
opened = png.FORMAT.open_image(saved("PNG"))
png.FORMAT.use_native(opened)
print(opened.tile[0].codec_name)
task = Task((Rendition(name="small", width=320, height=320),), 10**6)
print([type(decode(saved(n), task).pixels).__name__ for n in ("PNG", "WEBP")])
done = list(render(decode(saved("JPEG"), task), task))
print([(r.format, r.width, r.height, len(r.body) > 1000) for r in done])
print("libde265" in pillow_heif.libheif_info()["decoders"])
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'
print(bytes(resvg_py.svg_to_bytes(svg_string=svg))[1:4])
"""

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def python() -> str:
    interpreter = find_interpreter(RUNTIME.removeprefix("python"))
    if interpreter is None:
        pytest.skip(f"no {RUNTIME} on this machine to import the bundle with")
    return interpreter.path


@pytest.fixture(scope="module")
def native_lambda() -> Bundle:
    """The bundle for Lambda on this machine's architecture: the one that can be run here."""
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        pytest.skip("Lambda's wheels load on Linux with glibc alone")
    return build(Target.for_lambda(RUNTIME, Target.host().machine))


@pytest.fixture(scope="module")
def unpacked(native_lambda, tmp_path_factory):
    """The bundle as Lambda lays it out: readable by all, writable by none."""
    folder = tmp_path_factory.mktemp("bundle") / "task"
    unzip(native_lambda.path, folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def unzip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)


def run(python: str, code: str, folder: Path, *arguments: str, flags: str = "-IS") -> str:
    done = subprocess.run(
        [python, flags, "-c", code, str(folder), *arguments],
        env={**os.environ, **ENVIRONMENT},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_both_architectures_fit(architecture):
    built = build(Target.for_lambda(RUNTIME, architecture))
    assert 5_000_000 < built.path.stat().st_size <= MAX_BYTES


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_ships_no_boto3_and_no_ballast(architecture):
    built = build(Target.for_lambda(RUNTIME, architecture))
    with zipfile.ZipFile(built.path) as archive:
        names = archive.namelist()
    assert not [name for name in names if name.startswith(("boto", "pip", "typing_extensions"))]
    assert not [
        name
        for name in names
        if name.endswith((".pyi", ".json", "RECORD", ".in", ".txt")) and "/licenses/" not in name
    ]
    assert "pillow-13.0.0.dist-info/licenses/LICENSE" in names


VERIFY = """
import json, sys
sys.path.insert(0, sys.argv[1])
import jwt
from jwt import PyJWK
jwk, token = json.loads(sys.argv[2]), sys.argv[3]
print(jwt.__file__, jwt.decode(token, PyJWK(jwk), algorithms=[sys.argv[4]])["sub"])
"""


@pytest.mark.parametrize("key", [RSAKey.generate_key(2048), ECKey.generate_key("P-256")])
@pytest.mark.usefixtures("native_lambda")
def test_the_signer_s_bundle_checks_a_token(key, tmp_path, python):
    """By itself: the bundle's own PyJWT and cryptography, and nothing of this environment."""
    target = Target.for_lambda(RUNTIME, Target.host().machine)
    folder = tmp_path / "task"
    unzip(build(target, source=ROOT / "signer").path, folder)
    algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
    token = encode({"alg": algorithm}, {"sub": "alice"}, key)
    jwk = json.dumps({**key.as_dict(private=False), "alg": algorithm})
    file, user = run(python, VERIFY, folder, jwk, token, algorithm).split()
    assert (Path(file).is_relative_to(folder), user) == (True, "alice")


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_signer_s_bundle_is_for_every_runtime_and_small(runtime, architecture):
    built = build(Target.for_lambda(runtime, architecture), source=ROOT / "signer")
    assert 1_000_000 < built.path.stat().st_size < 8_000_000
    with zipfile.ZipFile(built.path) as archive:
        names = archive.namelist()
    assert "signer/authorized.py" in names
    assert not [n for n in names if n.startswith(("boto", "function", "PIL")) or n.endswith(".in")]
    assert [n for n in names if "cryptography" in n and "licenses/LICENSE" in n]


def test_a_build_from_nothing_gives_the_same_bytes(native_lambda, tmp_path):
    target = Target.for_lambda(RUNTIME, Target.host().machine)
    code = (
        "import sys; from pathlib import Path; from pipeline.bundle import Target, build;"
        f"print(build({target!r}, cache=Path(sys.argv[1])).path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert Path(done.stdout.strip()).read_bytes() == native_lambda.path.read_bytes()


def test_the_runtime_imports_every_module_from_the_zip_alone(python, unpacked):
    before = sorted(unpacked.rglob("*"))
    answer = json.loads(run(python, IMPORT, unpacked, *MODULES, *PACKAGES))
    assert [file for file in answer["files"] if not file.startswith(f"{unpacked}/")] == []
    # Root may write where nobody may: had one .pyc been unfit, CPython would have replaced it.
    assert sorted(unpacked.rglob("*")) == before


@pytest.mark.parametrize("module", MODULES)
def test_the_runtime_imports_each_module_by_itself(module, python, unpacked):
    run(python, IMPORT, unpacked, module)


def test_the_runtime_decodes_and_renders_from_the_zip_alone(python, unpacked):
    assert run(python, RENDER, unpacked).splitlines() == [
        "True",
        "png_rows",
        "['Bitmap', 'Planes']",
        "[('jpeg', 320, 240, True), ('webp', 320, 240, True)]",
        "True",
        "b'PNG'",
    ]


def test_bytecode_makes_the_import_cheaper(python, native_lambda, tmp_path, record_property):
    with_bytecode, without = tmp_path / "with", tmp_path / "without"
    for folder in (with_bytecode, without):
        unzip(native_lambda.path, folder)
    for cached in list(without.rglob("__pycache__")):
        shutil.rmtree(cached)
    names = ["function.handler", "pillow_heif", "resvg_py"]
    fast, slow = (cpu_seconds(python, folder, names) for folder in (with_bytecode, without))
    record_property("import_cpu_ms", {"with": fast * 1000, "without": slow * 1000})
    assert fast < slow


def cpu_seconds(python: str, folder: Path, names: list[str]) -> float:
    runs = [run(python, IMPORT, folder, *names, flags="-ISB") for _ in range(5)]
    return min(json.loads(line)["s"] for line in runs)  # a busy machine adds, and never takes


def test_this_interpreter_imports_its_own_bundle(tmp_path):
    built = build(Target.host())
    unzip(built.path, tmp_path)
    answer = json.loads(run(sys.executable, IMPORT, tmp_path, *MODULES, *PACKAGES, flags="-ISB"))
    assert [file for file in answer["files"] if not file.startswith(f"{tmp_path}/")] == []
