"""Every page is the shell with its own styles and module; nothing in it is a script itself."""

import re

import pytest

from review.page_files import PAGES, page_files

FILES = page_files()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_only_for_files_that_are_there(name):
    text = FILES[f"{name}.html"][0].decode()
    asked = re.findall(r'(?:src|href)="/page/([^"]+)"', text)
    assert len(asked) == len(set(asked))
    assert set(asked) <= set(FILES)
    assert f"js/{name}_page.js" in asked


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_at_once_for_every_module_that_it_will_need(name):
    text = FILES[f"{name}.html"][0].decode()
    asked = set(re.findall(r'/page/(js/[a-z_]+\.js)"', text))
    for path in asked:
        for other in re.findall(r'from "\./([a-z_]+\.js)"', FILES[path][0].decode()):
            assert f"js/{other}" in asked


@pytest.mark.parametrize("name", PAGES)
def test_no_page_holds_a_script_or_a_style_of_its_own(name):
    text = FILES[f"{name}.html"][0].decode()
    assert "$" not in text
    assert re.findall(r"<script[^>]*>(.*?)</script>", text) == [""]
    assert not re.search(r"<style|style=|\son\w+=", text)


def test_the_shell_itself_is_no_page():
    assert "shell.html" not in FILES
    assert {name for name in FILES if name.endswith(".html")} == {f"{p}.html" for p in PAGES}
