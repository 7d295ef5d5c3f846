"""Tables show names that strangers chose, as they are."""

import io
from types import SimpleNamespace

from rich.console import Console

from local import listing
from local.console import results_table
from local.uploader import Result
from tests.support.aws_client import aws_client
from tests.support.manifests import manifest, rendition

NAMES = ("[x].gif", "[bold]b.jpg", "\x1b[31mred.jpg", "it's :heart:.png")
SHOWN = ("[x].gif", "[bold]b.jpg", r"\x1b[31mred.jpg", "it's :heart:.png")


def stack(*keys):
    """A stack whose source bucket has these keys, each with the same manifest."""
    found = {"Contents": [{"Key": key, "Size": 7} for key in keys]}
    body = manifest(rendition(size=7)).to_json()
    return SimpleNamespace(
        prefixes=("uploads/",),
        outputs={"sourceBucket": "source", "destinationBucket": "destination"},
        client=lambda service: aws_client(
            service,
            list_objects_v2=lambda **_: found,
            get_object=lambda **_: {"Body": io.BytesIO(body)},
        ),
    )


def printed(table):
    screen = Console(width=120)
    with screen.capture() as capture:
        screen.print(table)
    return capture.get()


def test_the_table_of_results_shows_names_as_they_are():
    results = [
        Result(file=f"photos/{name}", key="k", status="lost", error=None, ms=1, bytes=1)
        for name in NAMES
    ]
    table = printed(results_table(results))
    assert all(name in table for name in SHOWN)


def test_the_list_shows_keys_as_they_are(capsys):
    listing.print_objects(stack("uploads/a/[/b].jpg", "uploads/[x].gif", "uploads/:heart:.png"))
    text = capsys.readouterr().out
    assert all(name in text for name in ("uploads/a/[/b].jpg", "uploads/[x].gif", ":heart:.png"))


def test_the_list_says_which_keys_the_function_ignores(capsys):
    keys = ("uploads/", "uploads/folder/", "uploads//x.jpg", "uploads/\x1b.jpg", "uploads/a.jpg")
    listing.print_objects(stack(*keys))
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if "uploads/" in line]
    stated = {line[1]: line[line.index("kB") + 2] for line in lines}
    ignored = {"uploads/", "uploads/folder/", "uploads//x.jpg", r"uploads/\x1b.jpg"}
    assert stated == dict.fromkeys(ignored, "ignored") | {"uploads/a.jpg": "ready"}
