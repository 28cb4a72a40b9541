"""The list of spans that a person wrote."""

import pytest

from pipeline.spans import read_spans
from schemas.errors import SetupError


def read(tmp_path, text, encoding="utf-8"):
    (tmp_path / "spans.csv").write_bytes(text.encode(encoding))
    found = read_spans(tmp_path / "spans.csv")
    return {name: [(s.start_s, s.end_s) for s in spans] for name, spans in found.items()}


def test_spans_are_read_by_name_in_the_order_written(tmp_path):
    text = "name,start,end\nb.mp4,5,7.25\na,0,1\nb.mp4,1,2\n"
    assert read(tmp_path, text) == {"b.mp4": [(5, 7.25), (1, 2)], "a": [(0, 1)]}


def test_clock_times_other_columns_blank_lines_and_a_bom_are_fine(tmp_path):
    text = '\ufeffEnd, Name ,label,start\r\n1:02.5,"a, b",x,0:00:59.25\r\n\r\n1:00:00,c,y,59:59\r\n'
    assert read(tmp_path, text) == {"a, b": [(59.25, 62.5)], "c": [(3599, 3600)]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"line 1: found the columns \(none\); missing name, start, end"),
        ("name,begin,end\na,1,2\n", "found the columns name, begin, end; missing start"),
        ("name,start,end\na,1,2\nb,x,3\n", "line 3, column start: found 'x', expected seconds"),
        ("name,start,end\na,1,1:75\n", "line 2, column end: found '1:75'"),
        ("name,start,end\na,1,nan\n", "line 2, column end: found 'nan'"),
        ("name,start,end\na,-1,2\n", "line 2, column start: found '-1'"),
        ("name,start,end\na,1\n", "line 2, column end: found nothing"),
        ("name,start,end\n,1,2\n", "line 2, column name: found nothing"),
        ("name,start,end\na,3,2\n", "column end: found 2, which is not after the start 3"),
        ('name,start,end\n"a,1,2\n', "is not CSV"),
        (f"name,start,end\na,1,{'9' * 400}\n", "line 2, column end: found '9"),
    ],
)
def test_the_first_wrong_cell_is_named_with_line_and_column(tmp_path, text, told):
    with pytest.raises(SetupError, match=told):
        read(tmp_path, text)


def test_a_list_in_another_encoding_or_not_there_is_told(tmp_path):
    with pytest.raises(SetupError, match="cannot be read as UTF-8"):
        read(tmp_path, "name,start,end\nä,1,2\n", "latin-1")
    with pytest.raises(SetupError, match=r"gone\.csv: cannot be read"):
        read_spans(tmp_path / "gone.csv")
