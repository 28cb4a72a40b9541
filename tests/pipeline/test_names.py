"""Which video a name means, and reading tables of names."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.names import Ambiguous, NameIndex, Unmatched, read_merr_list, read_named_rows
from schemas.errors import SetupError
from schemas.video import SourceFile

COLUMNS = ("name", "label", "valence")


def file(path: str, video_id: str | None) -> SourceFile:
    return SourceFile(
        path=path, source="s", location=f"/s/{path}", kind="film", size_bytes=1, video_id=video_id
    )


FILES = [
    file("a.mp4", "A"),
    file("deep/b.mov", "B"),
    file("x/same.mp4", "S1"),
    file("y/same.mp4", "S2"),
    file("copy/a_copy.mp4", "A"),
    file("copy/twin.mp4", "T"),
    file("twin.mkv", "T"),
    file("v1.2.mp4", "V"),
    file("broken.mp4", None),
    file("top.mp4", "TOP"),
    file("deep/top.mp4", "LOW"),
]


@pytest.mark.parametrize(
    ("name", "video_id"),
    [
        ("a.mp4", "A"),
        ("a", "A"),
        (" a ", "A"),
        ("./a.mp4", "A"),
        ("a_copy", "A"),
        ("deep/b.mov", "B"),
        ("deep/b", "B"),
        ("b", "B"),
        ("b.mov", "B"),
        ("x/same", "S1"),
        ("twin", "T"),
        ("v1.2", "V"),
        ("top.mp4", "TOP"),
    ],
)
def test_a_name_is_a_path_or_a_bare_name_with_or_without_suffix(name: str, video_id: str) -> None:
    assert NameIndex(FILES).resolve(name) == video_id


@pytest.mark.parametrize("name", ["", "nobody", "A", "deep", "a.mov", "broken", "v1", "s/a.mp4"])
def test_a_name_of_no_readable_video_is_unmatched(name: str) -> None:
    assert NameIndex(FILES).resolve(name) == Unmatched()


def test_a_stem_of_different_videos_is_ambiguous_and_names_them() -> None:
    assert NameIndex(FILES).resolve("same") == Ambiguous(("x/same.mp4", "y/same.mp4"))
    assert NameIndex(FILES).resolve("top") == Ambiguous(("deep/top.mp4", "top.mp4"))


@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zs"], exclude_characters="/."), min_size=1
    )
)
def test_composed_and_decomposed_letters_are_the_same(stem: str) -> None:
    index = NameIndex([file(unicodedata.normalize("NFD", stem) + ".mp4", "U")])
    assert index.resolve(unicodedata.normalize("NFC", stem)) == "U"
    assert index.resolve(unicodedata.normalize("NFD", stem) + ".mp4") == "U"


# -- tables ---------------------------------------------------------------------------------------


def rows(tmp_path: Path, text: str | bytes) -> list[tuple[int, str, dict[str, str], bool]]:
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = read_named_rows(path, COLUMNS, required=2)
    return [(row.line, row.name, row.values, row.damage is not None) for row in found]


@pytest.mark.parametrize(
    "text",
    [
        "name,label\na,sad\n",
        "name;label\r\na;sad\r\n",
        "label\tName\nsad\ta\n",
        '"name","LABEL"\n"a","sad"\n',
        "name,label,valence\na,sad,\n",
        "\ufeffname,label\na,sad",
        "name,label\na,sad\n,,\n\n",
        "name,label\na,sad".encode("utf-16"),
    ],
)
def test_tables_are_read_in_the_dialects_people_save_them_in(
    tmp_path: Path, text: str | bytes
) -> None:
    assert rows(tmp_path, text) == [(2, "a", {"label": "sad"}, False)]


def test_line_numbers_are_those_an_editor_shows(tmp_path: Path) -> None:
    text = 'name,label\n\n"two\nlines",sad\na,happy\n'
    assert [(line, name) for line, name, _, _ in rows(tmp_path, text)] == [
        (3, "two\nlines"),
        (5, "a"),
    ]


def test_a_line_with_too_many_cells_or_no_name_is_damaged_not_guessed(tmp_path: Path) -> None:
    text = "name,label\na,sad,extra\n,sad\nb\n"
    assert [damaged for *_, damaged in rows(tmp_path, text)] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needed: name, label"),
        ("name\na\n", "found the header name"),
        ("a,sad\n", "column 'a' is not known"),
        ("name,lable\na,sad\n", "did you mean 'label'"),
        ("name,label,person\na,sad,p\n", "column 'person'"),
        ("name,label,label\na,sad,sad\n", "found the header"),
        ('name,label\n"a,sad\nb,sad\n', "line 3"),
        ('name,label\n"a"b,sad\n', "line 2"),
    ],
)
def test_a_table_that_cannot_be_trusted_is_refused_whole(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(SetupError, match=r"labels\.csv") as error:
        rows(tmp_path, text)
    assert says in str(error.value)


def test_merrs_own_lists_have_three_or_four_columns_and_ten_below_zero_is_no_valence(
    tmp_path: Path,
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("s_1 90 sad -2.5\ns_2 80 happy -10\n\ns_3 70 doubt\ns_4\n")
    found = [(row.line, row.name, row.values.get("valence")) for row in read_merr_list(path)]
    assert found == [(1, "s_1", "-2.5"), (2, "s_2", None), (4, "s_3", None), (5, "s_4", None)]
    assert read_merr_list(path)[-1].damage is not None


def test_a_text_that_is_no_list_is_refused_whole(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("hello\nthere you are again my friend\n")
    with pytest.raises(SetupError, match=r"list\.txt is no MERR list"):
        read_merr_list(tmp_path / "list.txt")
