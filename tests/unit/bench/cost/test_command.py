import json
from pathlib import Path

import pytest
import yaml

from bench.__main__ import main
from bench.cost import command
from bench.cost.command import SCALES, SHOWN, Options, calculate
from function.engine.renditions import DEFAULT_RENDITIONS
from local import program
from pipeline.settings import Settings

ROOT = Path(__file__).parents[4]
DOCS = ("README.md", "docs/bill.md", "docs/tune.md")


def test_arm64_prices_beside_x86_durations_are_called_an_assumption(capsys):
    main(["cost", "--images", "1000"])
    assert "ASSUMPTION: arm64" in capsys.readouterr().out
    main(["cost", "--images", "1000", "--architecture", "x86_64"])
    assert "ASSUMPTION" not in capsys.readouterr().out


def test_the_bill_says_what_the_promise_covers_and_shows_monitoring_apart(capsys):
    main(["cost", "--images", "1000"])
    out = capsys.readouterr().out
    assert "kept for processing and storage, which the promise covers" in out
    assert "monitoring" in out


def test_the_share_viewed_sets_what_lazy_renditions_cost(monkeypatch):
    lazy = [rendition.replace(lazy=True) for rendition in DEFAULT_RENDITIONS[:-1]]
    settings = Settings(delivery="cdn", renditions=(*lazy, DEFAULT_RENDITIONS[-1]))
    monkeypatch.setattr(command, "read", lambda *_: ("us-east-1", settings))
    found = calculate(Options(stack=("dev",), images=1000, viewed=0.25))
    assert found.lines["s3_puts"] == pytest.approx(0.020)
    (words,) = [sentence for sentence in found.words if "objects an image" in sentence]
    assert words == (
        "dev writes 4 objects an image where 25% of its lazy renditions are viewed: $0.020 of PUTs "
        "for 1,000 images. If all are viewed, it writes 7 at most."
    )
    dearer = calculate(Options(stack=("dev",), images=1000, viewed=0.25, first_view_ms=680))
    first_views = (each.lines["compute_first_views"] for each in (dearer, found))
    assert next(first_views) == pytest.approx(2 * next(first_views))
    assert any("default renditions, which are not those of dev" in word for word in found.words)
    assumed = [any("billed as 340 ms" in word for word in each.words) for each in (found, dearer)]
    assert assumed == [True, False]


@pytest.mark.parametrize("asked", [{"viewed": 0.25}, {"first_view_ms": 500}, {}])
def test_a_share_of_nothing_is_said_to_change_nothing(asked):
    words = calculate(Options(images=1000, **asked)).words
    assert any("no stack has lazy renditions" in word for word in words) == bool(asked)


def test_a_stack_without_lazy_renditions_hears_nothing_of_views():
    found = calculate(Options(viewed=0.25))
    assert found.lines == calculate(Options()).lines
    assert not any("objects an image" in sentence for sentence in found.words)


def test_a_single_image_is_one(capsys, tmp_path):
    page = tmp_path / "cost.html"
    assert main(["cost", "--images", "1", "--backfill", "1", "--html", str(page)]) == 0
    assert "One backfill of 1 image of" in capsys.readouterr().out
    assert "1 image: $" in page.read_text()


def test_the_page_plots_each_scale(tmp_path):
    main(["cost", "--html", str(tmp_path / "cost.html")])
    page = (tmp_path / "cost.html").read_text()
    assert page.count("<img") == 3
    assert "100,000,000" in page
    assert "<td>processing, together</td>" in page
    assert "lambda_requests: https://aws.amazon.com/lambda/pricing/" in page


def test_the_report_adds_up(tmp_path, capsys):
    path = tmp_path / "cost.json"
    main(["cost", "--images", "5000", "--views", "2", "--free-tier", "--json", str(path)])
    found = json.loads(path.read_text())
    assert found["total_usd"] == pytest.approx(sum(found["lines"].values()))
    assert found["total_usd"] == pytest.approx(sum(found["subtotals"].values()))
    assert found["usd_per_1000"] == pytest.approx(found["total_usd"] / 5)
    (stack,) = found["stacks"]
    assert (stack["usage"]["views"], stack["prices_date"]) == (2, "2026-11-23")
    assert (found["schema"], found["free_tier"], found["each"]) == (2, True, 5000)
    shown = [(month["images"], month["free_tier"]) for month in stack["months"]]
    assert shown == [(n, free) for n in sorted({*SHOWN, 5000}) for free in (False, True)]
    assert stack["months"] == found["account"]
    assert [at["images"] for at in found["scales"]] == list(SCALES)
    assert f"{found['total_usd']:,.4f}" in capsys.readouterr().out


def test_the_largest_line_is_named_from_the_number_of_images_on_at_which_it_is(capsys):
    main(["cost"])
    out = " ".join(capsys.readouterr().out.split())
    assert "Largest line: metrics from 1,000 images, then s3 gb month from" in out


@pytest.mark.parametrize(
    "option",
    [
        *(["--images", "0"], ["--ms", "0"], ["--memory", "127"], ["--memory", "99999999"]),
        *(["--views", "-1"], ["--views", "1e7"], ["--stack"], ["--ms", "900001"]),
        *(["--images", "1e300"], ["--images", "0.5"], ["--backfill", "1e13"]),
        *(["--region", "mars"], ["--architecture", "mips"]),
    ],
)
def test_misuse(option):
    assert main(["cost", *option]) == 2


@pytest.fixture
def stacks(tmp_path, monkeypatch):
    """Have the stacks `small` and `big`, whose settings differ in all that a bill reads."""
    monkeypatch.setattr(program, "ROOT", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    small = {"monitoring": "lean", "tracing": False, "maxConcurrency": 0, "memory": 512}
    big = {"uploads": "presigned", "duplicates": "near", "architecture": "x86_64"}
    big |= {"pollers": {"min": 4, "max": 9}, "maxConcurrency": 0}
    for name, settings in {"small": small, "big": big}.items():
        keys = {f"image-pipeline:{key}": value for key, value in settings.items()}
        content = yaml.safe_dump({"config": {"aws:region": "us-east-1", **keys}})
        (tmp_path / f"Pulumi.{name}.yaml").write_text(content)


@pytest.mark.usefixtures("stacks")
def test_stacks_are_billed_as_their_settings_are():
    result = calculate(Options(stack=("small", "big"), images=1000))
    small, big = result.stacks
    assert (small.architecture, big.architecture) == ("arm64", "x86_64")
    assert (small.usage.memory_mb, big.usage.memory_mb) == (512, 1024)
    some, more = small.month(1000).lines, big.month(1000).lines
    unpaid = {"metrics", "dashboards", "traces", "poller_hours", "duplicates_writes"}
    assert all(some[line] == 0 < more[line] for line in unpaid | {"compute_signer"})
    assert some["alarms"] < more["alarms"]
    assert more["compute"] == pytest.approx(some["compute"] * 2 * 0.0000166667 / 0.0000133334)
    assert more["sqs_idle_polling"] == pytest.approx(2 * some["sqs_idle_polling"])
    assert result.images == 2000
    total = small.month(1000).total_usd + big.month(1000).total_usd
    assert result.total_usd == pytest.approx(total)


@pytest.mark.usefixtures("stacks")
def test_stacks_stand_side_by_side_and_share_the_free_tier(capsys, tmp_path):
    path = tmp_path / "cost.html"
    assert main(["cost", "--stack", "small", "big", "--images", "5000", "--html", str(path)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    page = path.read_text()
    assert "5,000 images a month in each stack, with the free tier" in out
    assert "small ┃ big ┃ all" in out
    assert "The free tier is counted once for small and big, as of one account." in out
    assert "700 ms an image were measured at 1024 MB for the default renditions, which" in out
    assert "are not those of small;" in out
    assert "Poller hours are those of the fewest pollers" in out
    assert "they pay from 1,429 images a second on" in out
    assert "adds 300 batches a minute" in out
    assert page.count("<img") == 5
    assert "USD a month by stack, with the free tier" in page
    assert "images a month in all stacks" in page
    assert "<td>10,000,000, with the free tier</td>" in page
    both = calculate(Options(stack=("small", "big"), images=5000))
    alone = [calculate(Options(stack=(name,), images=5000)) for name in ("small", "big")]
    free = both.stacks[1].month(5000, free_tier=True).lines["alarms"]
    assert free > alone[1].stacks[0].month(5000, free_tier=True).lines["alarms"]


@pytest.mark.usefixtures("stacks")
def test_what_is_said_on_the_command_line_stands_in_place_of_the_settings():
    options = Options(stack=("small",), memory=2048, architecture="x86_64", region="us-east-1")
    (small,) = calculate(options).stacks
    assert (small.usage.memory_mb, small.architecture) == (2048, "x86_64")
    assert small.month(0).lines["dashboards"] == 0


@pytest.mark.usefixtures("stacks")
def test_settings_that_cannot_work_and_a_stack_without_a_region_are_misuse(tmp_path, capsys):
    file = tmp_path / "Pulumi.small.yaml"
    file.write_text("config: {'image-pipeline:memory': 1, 'aws:region': us-east-1}")
    assert main(["cost", "--stack", "small"]) == 2
    assert "Pulumi.small.yaml: memory must be 128 to 10240 MB; got 1." in capsys.readouterr().err
    file.write_text("config: {}")
    assert main(["cost", "--stack", "small"]) == 2
    assert "Pulumi.small.yaml has no aws:region" in capsys.readouterr().err
    assert main(["cost", "--stack", "small", "--region", "us-east-1"]) == 0
    assert main(["cost", "--stack", "medium"]) == 2


def test_a_stack_in_a_region_without_prices_says_how_to_get_them(stacks, tmp_path, capsys):
    (tmp_path / "Pulumi.small.yaml").write_text("config: {'aws:region': eu-west-1}")
    assert main(["cost", "--stack", "small"]) == 2
    sentence = "no prices for eu-west-1; run `python -m bench cost --refresh --region eu-west-1`"
    assert sentence in capsys.readouterr().err


def test_dev_is_cheap_without_any_free_tier(capsys):
    """Idle at most $0.45 a month, and 1,000 images below $1.00 in all."""
    (dev,) = calculate(Options(stack=("dev",))).stacks
    idle, some = dev.month(0).total_usd, dev.month(1000).total_usd
    assert idle <= 0.45
    assert some < 1.00
    assert main(["cost", "--stack", "dev"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"dev, without any free tier: ${idle:.2f} a month idle, ${some:.2f} for 1,000" in out
    assert "Below $1.00 for 1,000 images a month: kept in all." in out


def test_the_docs_have_the_bills_figures():
    """Each as ``bench cost --images 1000`` prints it, and the whole at 100,000 images."""
    full, free = (calculate(Options(images=1000, free_tier=free)) for free in (False, True))
    large = calculate(Options(images=100_000))
    (dev,) = calculate(Options(stack=("dev",))).stacks
    monitoring = full.subtotals["monitoring"]
    kept = full.subtotals["processing"] + full.subtotals["storage"]
    readme, bill, tune = (" ".join((ROOT / name).read_text().split()) for name in DOCS)
    assert f"1,000 images a month cost ${kept:.2f} for processing and storage" in readme
    for row in (
        f"| 1,000 | processing and storage, no free tier | {kept:.2f} |",
        f"| 1,000 | full monitoring, nearly the same at any number of images | {monitoring:.2f} |",
        f"| 1,000 | everything, with AWS's always-free tier | {free.total_usd:.2f} |",
        f"most of it is S3 storage | {large.usd_per_1000:.2f} |",
        f"lean monitoring, no free tier | {dev.month(0).total_usd:.2f} |",
        f"| 1,000 | the same stack | {dev.month(1000).total_usd:.2f} |",
    ):
        assert row in bill
    for sentence in (
        f"S3 requests are ${full.subtotals['processing']:.2f}",
        f"a month's storage ${full.subtotals['storage']:.2f}",
        f"a separate subtotal, ${monitoring:.2f},",
        (
            f"the whole is ${free.total_usd:.2f}, of which monitoring "
            f"${free.subtotals['monitoring']:.2f}."
        ),
    ):
        assert sentence in tune


@pytest.mark.parametrize("option", ["--images", "--ms"])
@pytest.mark.parametrize("value", ["inf", "nan", "0", "-1"])
def test_a_figure_that_is_no_positive_number_is_misuse(option, value, capsys):
    assert main(["cost", option, value]) == 2
    assert option in capsys.readouterr().err
