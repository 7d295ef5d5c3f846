from bench.__main__ import main
from bench.maintain import evidence


def test_a_stack_that_cites_evidence_is_told_and_the_others_are_not(tmp_path, monkeypatch, capsys):
    for name in ("b", "a", "c"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    monkeypatch.setattr(evidence, "ROOT", tmp_path)
    monkeypatch.setattr(
        evidence, "examine", lambda path: None if "c" in path.stem else f"{path.stem}: stale"
    )
    assert main(["maintain", "evidence"]) == 0
    assert capsys.readouterr().out == "Pulumi.a: stale\nPulumi.b: stale\n"


def test_where_no_stack_cites_evidence_that_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evidence, "ROOT", tmp_path)
    assert main(["maintain", "evidence"]) == 0
    assert "No stack cites a measurement" in capsys.readouterr().out
