from bench.engines import report
from bench.engines.results import Comparison, Missing, Result, Skipped
from bench.engines.tasks import TASKS
from bench.machine import Machine
from terminal import console

TASK = TASKS[0]
MACHINE = Machine(
    cpu="A CPU", cpus=2, kernel="6", python="3.13.1", libraries={"pillow": "13"}, commit="abc",
    date="2026-11-27",
)  # fmt: skip
FLOOR = Result(
    task=TASK.name, engine="floor", cpu_ms=12.34, ratio=0.987, peak_rss_mb=None, bytes=98_765,
    score=78.98, score_each=(), colour=2.34, samples_ms=[],
)  # fmt: skip
FOUND = Comparison(
    machine=MACHINE,
    photo="a.jpg",
    rounds=3,
    results=[FLOOR],
    skipped=[
        Skipped(task=TASK.name, engine="opencv", why="[Errno 2]"),
        Skipped(task="other", engine="pyvips-each", why="dead"),
        Missing(engine="sharp-each", why="install it"),
    ],
)
CELLS = ["floor", "12.3", "0.99", "-", "99", "79.0", "2.3"]


def test_the_table_has_a_row_for_each_engine_and_names_those_that_failed(capsys):
    (table,) = report.tables([TASK], FOUND)
    console().print(table)
    out = capsys.readouterr().out
    assert TASK.title in out
    assert [line.replace("│", " ").split() for line in out.splitlines() if "floor" in line] == [
        CELLS
    ]
    assert "opencv is left out: [Errno 2]" in " ".join(out.split())
    assert "dead" not in out
    assert "install it" not in out


def test_the_page_has_the_same_and_what_it_was_measured_on():
    page = report.page([TASK], FOUND)
    assert "".join(f"<td>{cell}</td>" for cell in CELLS) in page
    assert (
        "A CPU, 2 CPUs, Python 3.13.1, pillow 13; photo: a.jpg; 3 rounds; commit abc; 2026-11-27"
        in page
    )
