"""A program in a folder, with the files of its stacks."""

import importlib
import json
import sys
from pathlib import Path

import pytest
import yaml

from pytest_pulumi import ProgramStuckError, PulumiTestError, Secret, evaluate_folder

PROGRAM = """
import pulumi
from pathlib import Path
import parts

config = pulumi.Config()
pulumi.export("here", str(Path.cwd()))
pulumi.export("root", pulumi.get_root_directory())
pulumi.export("names", parts.NAMES)
pulumi.export("size", config.get_int("size"))
pulumi.export("zones", config.get_object("zones"))
pulumi.export("region", pulumi.Config("aws").get("region"))
pulumi.export("password", config.get_secret("password"))
"""
PARTS = """
import pulumi
pulumi.ComponentResource("toy:index:Part", "part")
NAMES = ["a"]
"""
PROJECT = """
name: shop
runtime: python
config:
  size: {type: integer, default: 1}
  zones: [a]
  aws:region: {value: eu-west-1}
  unset: {type: string}
"""
STACK = """
config:
  shop:size: 5
  shop:zones: [a, {b: c}]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.prod.yaml").write_text(STACK)
    return tmp_path


def test_the_stacks_file_holds_over_the_projects_defaults(folder):
    prod = evaluate_folder(folder, stack="prod")
    assert prod.outputs["size"] == 5
    assert prod.outputs["zones"] == ["a", {"b": "c"}]
    assert prod.outputs["region"] == "eu-west-1"
    other = evaluate_folder(folder, stack="other")
    assert other.outputs["size"] == 1
    assert other.outputs["zones"] == ["a"]
    assert other.stack.name == "shop-other"


def test_main_and_the_folder_of_stack_files_are_the_projects(folder):
    program = folder / "src"
    program.mkdir()
    for file in ("__main__.py", "parts.py"):
        (folder / file).rename(program / file)
    (folder / "stacks").mkdir()
    (folder / "Pulumi.prod.yaml").rename(folder / "stacks" / "Pulumi.prod.yaml")
    (folder / "Pulumi.yaml").write_text(PROJECT + "main: src/\nstackConfigDir: stacks\n")
    prod = evaluate_folder(folder, stack="prod")
    assert prod.outputs["here"] == str(program)
    assert prod.outputs["root"] == str(folder)
    assert prod.outputs["size"] == 5
    assert prod.stack.name == "shop-prod"


@pytest.mark.parametrize(("suffix", "write"), [("yml", yaml.safe_dump), ("json", json.dumps)])
def test_files_of_other_suffixes_are_read(folder, suffix, write):
    for name in ("Pulumi", "Pulumi.prod"):
        old = folder / f"{name}.yaml"
        (folder / f"{name}.{suffix}").write_text(write(yaml.safe_load(old.read_text())))
        old.unlink()
    assert evaluate_folder(folder, stack="prod").outputs["size"] == 5
    assert evaluate_folder(folder, stack="other").stack.name == "shop-other"


def test_a_stack_with_its_organization_has_a_file_too(folder):
    (folder / "Pulumi.acme-prod.yaml").write_text(STACK)
    assert evaluate_folder(folder, stack="acme/prod").outputs["size"] == 5


def test_a_module_of_a_program_is_not_one_that_a_test_has_from_elsewhere(folder, monkeypatch):
    (folder.parent / "elsewhere").mkdir(exist_ok=True)
    (folder.parent / "elsewhere" / "parts.py").write_text("NAMES = ['other']")
    monkeypatch.syspath_prepend(folder.parent / "elsewhere")
    parts = importlib.import_module("parts")
    assert evaluate_folder(folder).outputs["names"] == ["a"]
    assert sys.modules["parts"] is parts
    del sys.modules["parts"]


def test_a_stuck_program_leaves_nothing_of_its_own_behind(folder):
    (folder / "__main__.py").write_text("import parts, time\ntime.sleep(10)")
    before = Path.cwd(), list(sys.path), list(sys.argv), sys.modules["__main__"]
    with pytest.raises(ProgramStuckError, match="did not end within 2 s"):
        evaluate_folder(folder, timeout=2)
    assert (Path.cwd(), sys.path, sys.argv, sys.modules["__main__"]) == before
    assert "parts" not in sys.modules


def test_the_tests_configuration_holds_over_both(folder):
    given = {"size": 7, "aws:region": None, "password": Secret("x")}
    program = evaluate_folder(folder, stack="prod", config=given)
    assert program.outputs["size"] == 7
    assert "region" not in program.outputs
    assert program.outputs["password"] == "x"
    assert program.secret_outputs == {"password"}


def test_it_runs_in_its_folder_and_its_modules_anew(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    for _ in range(2):
        program = evaluate_folder(folder)
        assert program.outputs["here"] == str(folder)
        assert program.by_name("part").type == "toy:index:Part"


def test_a_test_can_patch_a_module_that_an_earlier_run_has_imported(folder, monkeypatch):
    (folder / "own").mkdir()
    (folder / "own" / "__init__.py").write_text("")
    (folder / "own" / "names.py").write_text("NAME = 'usual'")
    (folder / "__main__.py").write_text(
        "import pulumi, own.names\npulumi.export('name', own.names.NAME)"
    )
    monkeypatch.syspath_prepend(str(folder))
    importlib.import_module("own")
    try:
        assert evaluate_folder(folder).outputs["name"] == "usual"
        monkeypatch.setattr("own.names.NAME", "patched")
        assert evaluate_folder(folder).outputs["name"] == "patched"
    finally:
        for name in ("own", "own.names"):
            sys.modules.pop(name, None)


def test_libraries_within_the_folder_stay_imported(folder, monkeypatch):
    library = folder / "lib" / "site-packages"
    library.mkdir(parents=True)
    (library / "a_library.py").write_text("")
    (folder / "parts.py").write_text(f"import sys; sys.path.append({str(library)!r})\n{PARTS}")
    (folder / "__main__.py").write_text("import parts, a_library")
    evaluate_folder(folder)
    assert "a_library" in sys.modules
    assert "parts" not in sys.modules
    monkeypatch.delitem(sys.modules, "a_library")


def test_encrypted_values_must_be_given(folder):
    text = "config:\n  shop:password: {secure: AAAB}\n  shop:zones: [{k: {secure: x}}]\n"
    (folder / "Pulumi.enc.yaml").write_text(text)
    with pytest.raises(PulumiTestError, match=r"shop:password is encrypted.*or None"):
        evaluate_folder(folder, stack="enc", config={"zones": None})
    with pytest.raises(PulumiTestError, match="shop:zones is encrypted"):
        evaluate_folder(folder, stack="enc", config={"password": Secret("p")})
    program = evaluate_folder(folder, stack="enc", config={"password": None, "zones": []})
    assert "password" not in program.outputs


def test_a_folder_without_a_program_is_said(tmp_path):
    with pytest.raises(
        PulumiTestError, match=r"There is no program .*__main__.py; name the folder"
    ):
        evaluate_folder(tmp_path)


def test_a_folder_without_project_file_has_its_own_name(tmp_path):
    (tmp_path / "__main__.py").write_text("")
    assert evaluate_folder(tmp_path).stack.name == f"{tmp_path.name}-dev"


def test_an_error_of_the_program_is_its_own(folder):
    (folder / "parts.py").write_text("raise LookupError('no parts')")
    with pytest.raises(LookupError, match="no parts"):
        evaluate_folder(folder)


def test_yaml_means_what_it_means_to_the_cli(folder):
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "__main__.py").write_text(
        "import pulumi\n"
        "for key in ('country', 'day', 'time', 'flag', 'size', 'mode', 'id'):\n"
        "    pulumi.export(key, pulumi.Config().get(key))\n"
        "pulumi.export('list', pulumi.Config().get_object('list'))\n"
    )
    (folder / "Pulumi.dev.yaml").write_text(
        "config:\n  shop:country: no\n  shop:day: 2026-01-31\n  shop:time: 12:30\n"
        "  shop:flag: true\n  shop:size: 12\n  shop:mode: 1.10\n  shop:id: 0123\n"
        "  shop:list: [on, 1, false, 1.5]\n"
    )
    assert evaluate_folder(folder).outputs == {
        "country": "no",
        "day": "2026-01-31",
        "time": "12:30",
        "flag": "true",
        "size": "12",
        "mode": "1.10",
        "id": "0123",
        "list": ["on", 1, False, 1.5],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: p\n  runtime: [", "Pulumi.dev.yaml is not YAML: mapping values"),
        ("- a", "Pulumi.dev.yaml holds .*needs a mapping"),
        ("config: [a]", "config of .*Pulumi.dev.yaml is .*needs a mapping"),
    ],
)
def test_a_file_that_is_no_configuration_is_named(folder, text, said):
    (folder / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(PulumiTestError, match=said):
        evaluate_folder(folder)
