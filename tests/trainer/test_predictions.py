"""Tables of answers: three forms, one meaning; what cannot be read is told with its place."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import SetupError
from trainer.predictions import Prediction, read_predictions, write_predictions

ROWS = (
    Prediction(name="a", answer="happy", label="happy"),
    Prediction(name="b", answer="sad, I think\nor not", label="sad", cut=True, prompt="What?"),
    Prediction(name="c", answer=None, label="angry"),
)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_what_is_written_is_read_again(tmp_path, suffix):
    path = tmp_path / f"answers{suffix}"
    write_predictions(path, ROWS)
    assert read_predictions(path) == ROWS


def test_a_csv_of_others_is_read_with_its_own_columns_left_out(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text('\ufeffname,label,answer,mine\na,happy,"happy, yes",7\nb,sad,,\n\n', "utf-8")
    assert read_predictions(path) == (
        Prediction(name="a", answer="happy, yes", label="happy"),
        Prediction(name="b", answer=None, label="sad"),
    )


def test_parquet_of_others_is_read(tmp_path):
    path = tmp_path / "answers.parquet"
    pq.write_table(pa.table({"name": ["a"], "answer": [None], "score": [1.0]}), path)
    assert read_predictions(path) == (Prediction(name="a", answer=None),)


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a.csv", "name,reply\na,b\n", "column 'answer' is missing; it has name, reply"),
        ("a.csv", "name,answer\n,b\n", "line 2: column name: Field required"),
        ("a.csv", "", "it is empty"),
        ("a.jsonl", '{"name": "a", "answer": "b"}\n{', "line 2: is no JSON"),
        ("a.jsonl", "[1]\n", "line 1: is list, not an object"),
        ("a.jsonl", '{"name": "a", "answer": 7}\n', "line 1: column answer: Input should be"),
        ("a.jsonl", '{"name": "a", "answer": "b", "cut": "perhaps"}\n', "line 1: column cut"),
        ("a.parquet", "PAR1 and more", "is no Parquet file"),
        ("a.txt", "name", "tables are read from .csv, .jsonl, .parquet"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path, name, text, fault):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(SetupError) as told:
        read_predictions(tmp_path / name)
    assert str(tmp_path / name) in str(told.value)
    assert fault in str(told.value)


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(SetupError, match="there is no such file"):
        read_predictions(Path("missing.csv"))


def test_two_answers_to_one_clip_are_refused_unless_they_are_of_two_samples(tmp_path):
    path = tmp_path / "answers.jsonl"
    one = {"name": "a", "answer": "happy"}
    path.write_text(f"{json.dumps(one)}\n{json.dumps(one)}\n")
    with pytest.raises(SetupError, match="'a' stands there twice"):
        read_predictions(path)
    samples = [json.dumps(one | {"sample_id": number}) for number in ("1", "2")]
    path.write_text("\n".join(samples))
    assert len(read_predictions(path)) == 2
