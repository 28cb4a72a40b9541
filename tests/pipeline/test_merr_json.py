"""MERR's JSON as it was released: what is dirty is read and counted, what is broken is refused."""

import pytest

from pipeline.merr_json import load_merr_json
from schemas.errors import SetupError


def load(tmp_path, text, **options):
    path = tmp_path / "m.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_merr_json(path, **options)


@pytest.mark.parametrize(
    ("text", "captions", "dirt"),
    [
        ('{"a": {"caption": "x"}}', ["x"], {}),
        ('{\n// by hand\n"a": {"caption": "x"}}', ["x"], {"comment": 1}),
        ('{"a": {"caption": "x"}} // end', ["x"], {"comment": 1}),
        ('{/* two\n lines */"a": {"caption": "x"}}', ["x"], {"comment": 1}),
        ('{"a": {"caption": "see // this, /* too */"}}', ["see // this, /* too */"], {}),
        ('{// "b": {\n"a": {"caption": "//"}}', ["//"], {"comment": 1}),
        ('{"a": {"caption": "one\ntwo\r\nthree"}}', ["one\ntwo\r\nthree"], {"raw_line_end": 1}),
        ('{"a": {"caption": "one\ttwo"}}', ["one\ttwo"], {"raw_control": 1}),
        ('{"a": {"caption": "a \\"quote\\\\"},}', ['a "quote\\'], {"spare_comma": 1}),
        ('{"a": {"caption": "x", // why\n}}', ["x"], {"spare_comma": 1, "comment": 1}),
        ('{"a": {"caption": "x, ]", "n": [1,]}}', ["x, ]"], {"spare_comma": 1}),
        ('{"a": {"caption": "x", "n": NaN}}', ["x"], {"no_number": 1}),
        ('{"a": {"caption": "x", "n": [1e999, -Infinity]}}', ["x"], {"no_number": 2}),
        ('{"a": {"caption": "x", "caption": "y"}}', ["y"], {"key_twice": 1}),
        ('{"a": {"caption": "x"}, "a": {"caption": "y"}}', ["x", "y"], {}),
        ('\ufeff{"a": {"caption": "x"}}', ["x"], {}),
        ('{"a": {"caption": "\\u4f60\\ud83d\\ude00"}}', ["你😀"], {}),
    ],
)
def test_dirt_is_read_and_every_kind_of_it_counted(tmp_path, text, captions, dirt):
    found = load(tmp_path, text)
    assert [entry["caption"] for _, entry in found.entries] == captions
    assert dict(found.dirt) == dirt


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: is no JSON"),
        ('{"a": {"caption": "x"}', "line 1: is no JSON"),
        ('{"a": {"caption": "x"},\n "b": {"caption": "never ended}}', "line 2: is no JSON"),
        ('{"a": {"caption": \'x\'}}', "line 1: is no JSON"),
        ('{"a": {"caption": "x"}} {}', "is no JSON"),
        ("[" * 100_000, "is no JSON that can be read"),
        ('{"a": {"caption": "x", "n": ' + "9" * 5_000 + "}}", "is no JSON that can be read"),
        ('[{"caption": "x"}]', "is no MERR file: found a list, not clips by name"),
        ('"caption"', "found a text"),
        ("null", "found a null"),
        ("12", "found a number"),
        ("{}", "none of its 0 entries has a caption or a smp_reason_caption"),
        ('{"name": "merr", "dependencies": {"a": "1"}}', "none of its 2 entries"),
    ],
)
def test_what_is_no_merr_file_is_refused_in_one_sentence(tmp_path, text, why):
    with pytest.raises(SetupError, match=why) as told:
        load(tmp_path, text)
    assert str(told.value).startswith("m.json")
    assert "\n" not in str(told.value)


def test_a_named_encoding_is_taken_and_bytes_that_are_not_of_it_are_refused(tmp_path):
    found = load(tmp_path, '{"a": {"caption": "你怎么"}}'.encode("gb18030"), encoding="gb18030")
    assert found.entries == (("a", {"caption": "你怎么"}),)
    assert found.dirt == {"not_utf8": 1}
    with pytest.raises(SetupError, match="encoding"):
        load(tmp_path, b'{"a": {"caption": "\xff\xff"}}', encoding="gb18030")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SetupError, match=r"gone\.json cannot be read"):
        load_merr_json(tmp_path / "gone.json")
