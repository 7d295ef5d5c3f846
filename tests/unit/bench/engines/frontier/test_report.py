from bench.engines.frontier import report
from bench.engines.frontier.results import Frontier, Row
from bench.engines.results import Missing
from bench.machine import Machine
from terminal import console

MACHINE = Machine(
    cpu="A CPU", cpus=2, kernel="6", python="3.13.1", libraries={"pillow": "13"}, commit="abc",
    date="2026-11-27",
)  # fmt: skip


def row(encoder, score, **fields):
    given = {"group": "photographs", "format": "jpeg", "bytes_ratio": 0.912, "cpu_ratio": 0.5}
    given |= {"cpu_ms": 12.34}
    return Row(
        encoder=encoder,
        score=score,
        pictures=20,
        quality=81.4,
        bytes=62_345,
        colour=2.34,
        **given | fields,
    )


FOUND = Frontier(
    machine=MACHINE,
    pictures=["boats", "cat"],
    side=640,
    judge="a judge",
    rows=[
        row("ours", 70),
        row("ours", 80, cpu_ms=20.0),
        row("other", 90, bytes_ratio=0.0, cpu_ratio=0.0),
        row("ours", 80, group="graphics"),
        row("ours", 80, format="avif"),
    ],
    points=[],
    skipped=[Missing(engine="encode-sharp", why="install it")],
)
CELLS = [
    ["ours", "70", "20", "81", "62.3", "12.3", "0.91", "0.50", "2.3"],
    ["ours", "80", "20", "81", "62.3", "20.0", "0.91", "0.50", "2.3"],
    ["other", "90", "20", "81", "62.3", "12.3", "-", "-", "2.3"],
]


def test_there_is_a_table_for_each_format_and_group(capsys):
    tables = report.tables(FOUND)
    titles = ["JPEG, photographs", "JPEG, graphics", "AVIF, photographs"]
    assert [str(table.title) for table in tables] == titles
    console().print(tables[0])
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line and line[0] in {"ours", "other"}] == CELLS


def test_the_page_has_the_tables_a_plot_of_each_and_how_it_was_made():
    page = report.page(FOUND)
    assert page.count("<img") == 3
    for cells in CELLS:
        assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    assert "A CPU, 2 CPUs, Python 3.13.1, pillow 13; 2 pictures: boats, cat; " in page
    assert "longer side 640 pixels; judged by a judge; commit abc; 2026-11-27" in page
    assert "Score: SSIMULACRA2." in page


def test_a_plot_has_multiples_of_ours_where_there_are_any(monkeypatch):
    drawn = {}
    monkeypatch.setattr(report.charts, "shares", lambda series, **names: drawn.update(series))
    report.plot([*FOUND.rows[:3], row("other", 80, bytes_ratio=1.25, cpu_ratio=0.5)])
    assert drawn == {"ours": [(2, 1 / 0.912)] * 2, "other": [(2, 0.8)]}


def test_a_plot_names_its_axes_and_encoders():
    chart = report.plot([*FOUND.rows[:2], row("other", 80)])
    assert chart.x == "CPU time, as a multiple of ours"
    assert chart.title == "Bytes at a score of 70, 80 and 90, as a multiple of ours"
    assert b">ours<" in chart.svg
    assert b">other<" in chart.svg
