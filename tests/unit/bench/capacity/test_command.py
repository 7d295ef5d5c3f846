import json

import pytest

from bench.__main__ import main


def test_the_plan_is_printed_and_written(tmp_path, capsys):
    path, page = tmp_path / "a.json", tmp_path / "a.html"
    assert main(["capacity", "--json", str(path), "--html", str(page)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "maxConcurrency 10 (now)" in out
    assert "Lambda, concurrent" in out
    assert "│ s3 puts │ 3,500.00 │ 35.00 │" in out
    report = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert report["stack"] == "default settings"
    assert [way["name"] for way in report["ways"]] == ["now", "recommended"]
    html = page.read_text()
    assert html.count("<img") == 2
    assert html.index("(recommended) 285.7 images") < html.index("<img")
    assert "L-B99A9384" in html
    assert "Lambda scaling behavior" in html


def test_a_stack_s_settings_count_and_options_stand_in_their_place(tmp_path):
    path = tmp_path / "a.json"
    words = ["--memory", "2048", "--images", "1e7", "--views", "3", "--json", str(path)]
    assert main(["capacity", "--stack", "prod", *words]) == 0
    report = json.loads(path.read_text())
    assert report["stack"] == "prod"
    assert report["load"]["images"] == 1e7
    names = [need["limit"]["name"] for need in report["ways"][0]["needs"]]
    assert "Signer, forms" in names
    assert "CloudFront, requests" in names
    assert report["month"]["lines"]["compute"] == pytest.approx(1e7 * 0.7 * 2 * 0.0000133334)


@pytest.mark.parametrize(
    "option",
    [
        ["--images", "0"],
        ["--burst", "-1"],
        ["--burst", "1e300"],  # figures made of it are no JSON
        ["--views", "1e300"],
        ["--ms", "900001"],  # an invocation takes 900 s at most
        ["--ms", "0.5"],
        ["--over", "1e-300"],
        ["--peak", "nan"],
        ["--peak", "0.5"],
        ["--region", "mars"],
        ["--stack", "prod", "--account", "109"],
    ],
)
def test_misuse(option):
    assert main(["capacity", *option]) == 2


def test_the_longest_image_and_a_single_one_make_a_plan(capsys):
    assert main(["capacity", "--ms", "900000", "--images", "1"]) == 0
    assert "A month of 1 image costs" in capsys.readouterr().out


def test_a_region_without_prices_is_told_with_the_command_that_fetches_them(capsys):
    assert main(["capacity", "--region", "mars"]) == 2
    assert "`python -m bench cost --refresh --region mars`" in capsys.readouterr().err


def test_a_small_account_is_told_what_the_signer_needs(capsys):
    assert main(["capacity", "--stack", "prod", "--account", "10"]) == 2
    assert "--account must be at least 110" in capsys.readouterr().err
    assert main(["capacity", "--stack", "prod", "--account", "110", "--images", "1000"]) == 0
