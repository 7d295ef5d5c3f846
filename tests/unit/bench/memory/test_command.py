import json
import shutil
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.memory.command import calculate
from bench.memory.report import rows
from bench.memory_sizes import SIZES
from local import program


def test_the_table_has_a_row_for_each_kind_and_marks_what_limits(capsys):
    assert main(["memory", "--memory", "128", "1024"]) == 0
    out = capsys.readouterr().out
    assert "128 MB" in out
    assert "52*" in out
    assert "19†" in out
    assert "512 MB" not in out
    assert "limits.json (AMD EPYC, 2026-11-26)" in " ".join(out.split())
    (jpeg,) = [row for row in rows(calculate((128, 1024), None)) if row[0] == "jpeg"]
    assert jpeg == ("jpeg", "5*", "52*", "1.5", "0.38")


def test_json_and_the_page_have_what_the_table_has(tmp_path):
    files = [tmp_path / "a.json", tmp_path / "a.html"]
    assert main(["memory", "--json", str(files[0]), "--html", str(files[1])]) == 0
    found = json.loads(files[0].read_text())
    assert (found["schema"], found["stack"], found["memory_mb"]) == (1, None, 1024)
    assert [fit["memory_mb"] for fit in found["fits"] if fit["kind"] == "png"] == list(SIZES)
    assert [each["file"] for each in found["sources"]] == [
        *("limits-2026-11-27.json", "limits.json"),
    ]
    page = files[1].read_text()
    assert page.count("<img") == 1
    assert "<td>jpeg-progressive</td>" in page
    assert "limits-2026-11-27.json" in page


def test_the_docs_have_the_table():
    result = calculate(SIZES, None)
    head = ["kind", *(f"{size} MB" for size in SIZES), "bytes a pixel", "file"]
    lines = [head, ["---"] * len(head), *rows(result)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    page = (Path(__file__).parents[4] / "docs" / "tune.md").read_text()
    assert f"<!-- memory -->\n{table}\n<!-- /memory -->" in page


@pytest.fixture
def _small(tmp_path, monkeypatch):
    shutil.copy(program.ROOT / "Pulumi.yaml", tmp_path)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    keys = {"memory": 640, "maxMegapixels": 7, "maxUploadMb": 5}
    lines = "".join(f"  image-pipeline:{key}: {value}\n" for key, value in keys.items())
    (tmp_path / "Pulumi.small.yaml").write_text(f"config:\n{lines}")


@pytest.mark.usefixtures("_small")
def test_a_stacks_settings_and_its_memory_size_count(tmp_path, capsys):
    result = calculate((128, 3008), "small")
    assert result.sizes == [128, 640, 3008]
    fits = {(fit.kind, fit.memory_mb): (fit.megapixels, fit.limited_by) for fit in result.fits}
    assert fits["jpeg", 640] == fits["jpeg", 3008] == (7, "maxMegapixels")
    assert fits["png", 3008] == (3.8, "maxUploadMb")
    assert main(["memory", "--stack", "small"]) == 0
    assert "limits of stack small, 640 MB:" in " ".join(capsys.readouterr().out.split())
    (tmp_path / "Pulumi.small.yaml").write_text("config: {'image-pipeline:memory': 1}")
    assert main(["memory", "--stack", "small"]) == 2
    assert main(["memory", "--stack", "medium"]) == 2


@pytest.mark.parametrize("wrong", [["64"], ["512", "10241"], []])
def test_sizes_that_lambda_has_not_are_misuse(wrong, capsys):
    assert main(["memory", "--memory", *wrong]) == 2
    assert "--memory" in capsys.readouterr().err
