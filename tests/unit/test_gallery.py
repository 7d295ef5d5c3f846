"""The gallery's server: the page, the list, and nothing else."""

import json
from pathlib import Path

import pytest

from local.gallery import serve
from local.http import request

WEB = Path(__file__).parents[2] / "web"
GALLERY = {"delivery_url": "http://127.0.0.1:1/bucket", "uploads": []}


@pytest.fixture(scope="module")
def url():
    with serve(WEB, GALLERY) as address:
        yield address.rstrip("/")


def test_the_front_page_is_the_gallery(url):
    assert request("GET", url + "/") == (200, (WEB / "gallery.html").read_bytes())


@pytest.mark.parametrize("name", ["gallery.js", "gallery.css"])
def test_the_pages_files_are_served(url, name):
    assert request("GET", f"{url}/{name}") == (200, (WEB / name).read_bytes())


def test_the_list_is_json(url):
    status, body = request("GET", f"{url}/gallery.json")
    assert (status, json.loads(body)) == (200, GALLERY)


@pytest.mark.parametrize("path", ["/../README.md", "/%2e%2e/README.md", "/..%2fREADME.md", "//etc"])
def test_nothing_outside_the_folder_is_served(url, path):
    assert request("GET", url + path)[0] == 404


def test_the_page_asks_no_third_party_for_anything():
    page = (WEB / "gallery.html").read_text()
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page
    assert "//" not in page.replace("<!doctype html>", "")
