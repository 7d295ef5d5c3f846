import json

from bench.memory import evidence
from bench.memory.evidence import Row, Source, read, sources, stored

ROW = Row(
    kind="png-alpha", limit="png", megapixels=[6.0, 24.0], bytes=[9_000_000, 24_000_000],
    peak_mb=[100.0, 200.0], cpu_ms=[10, 20], ms_per_megapixel=1.0,
)  # fmt: skip


def test_a_file_is_as_bulky_as_at_its_worse_size():
    assert ROW.file_bytes_per_pixel == 1.5


def test_every_machines_rows_are_read_and_its_facts_told(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "EVIDENCE", tmp_path / "limits.json")
    for name, cpu in (("limits.json", "A"), ("limits-2026.json", "B"), ("dev.json", "C")):
        machine = {"cpu": cpu, "date": "2026-11-26T18:12:53+00:00"}
        content = {"machine": machine, "results": [vars(ROW) | {"kind": cpu}]}
        (tmp_path / name).write_text(json.dumps(content))
    assert [row.kind for row in stored()] == ["B", "A"]
    assert [row.kind for row in read(tmp_path / "limits.json")] == ["A"]
    assert list(sources()) == [
        Source(file="limits-2026.json", cpu="B", date="2026-11-26"),
        Source(file="limits.json", cpu="A", date="2026-11-26"),
    ]
