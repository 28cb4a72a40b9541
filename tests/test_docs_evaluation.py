"""The page on evaluation says what the code does: columns, words, files, limits, commands."""

import re
import shlex

import pytest
import typer.main

from flows import evaluating, evaluating_model, serving
from flows.cli import app
from tests.test_docs import ROOT, blocks, codes, rows, section
from trainer.benchmarks.known import BENCHMARKS
from trainer.metrics.answers import Unread
from trainer.metrics.bootstrap import BootstrapSettings
from trainer.metrics.scores import FIGURES
from trainer.metrics.word_levels import load_words
from trainer.predictions import Prediction

PAGE = (ROOT / "docs" / "evaluation.md").read_text("utf-8")
COMMANDS = [line for kind, text in blocks(PAGE) if kind == "bash" for line in text.splitlines()]


def first_codes(heading):
    return [code for first, *_ in rows(section(PAGE, heading)) for code in codes(first)]


def test_every_column_of_a_table_of_answers_is_described():
    told = {codes(n)[0]: null for n, null, _ in rows(section(PAGE, "Answers in a table"))}
    nullable = {
        name: "yes" if type(None) in getattr(field.annotation, "__args__", ()) else "no"
        for name, field in Prediction.model_fields.items()
    }
    assert told == nullable


def test_every_reason_why_no_label_was_read_is_described():
    assert tuple(first_codes("How an answer is read")) == Unread.__args__


def test_every_benchmark_and_its_parts_are_described():
    told = {
        codes(name)[0]: tuple(codes(parts)) for name, parts, *_ in rows(section(PAGE, "Data sets"))
    }
    assert told == {name: b.parts for name, b in BENCHMARKS.items()} | {evaluating.ANY: ()}


def test_every_level_of_words_is_described():
    assert first_codes("Open vocabulary") == [
        *("word", "form", "group"),
        *(level for level in load_words().levels() if "." in level),
    ]


def test_every_file_that_is_written_is_named():
    assert first_codes("What comes out") == [
        evaluating.RESULT,
        evaluating.ANSWERS,
        evaluating_model.KEPT,
        evaluating.JUDGEMENTS,
        evaluating.STORE,
    ]


@pytest.mark.parametrize(
    "phrase",
    [
        f"95 % of {BootstrapSettings().resamples} resamples",
        f"{serving.MAX_BYTES >> 20} MB and {serving.MAX_DURATION_S:.0f} s",
        "from 0 to 10",
    ],
)
def test_the_figures_on_the_page_are_those_of_the_code(phrase):
    assert phrase in PAGE


def test_the_figures_that_are_explained_exist():
    told = {code for line in section(PAGE, "Figures").splitlines() for code in codes(line)}
    assert {"weighted_f1", "macro_f1", "accuracy", "uar"} <= told & set(FIGURES)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_shown_is_one_that_merr_understands(line):
    words = shlex.split(line)[1:]
    command = typer.main.get_command(app).commands[words.pop(0)]
    command.make_context(command.name, words)


def test_every_option_of_both_commands_stands_on_the_page():
    known = typer.main.get_command(app).commands
    for name in ("evaluate", "predict"):
        options = {option for param in known[name].params for option in param.opts}
        usual = {"--config", "--set", "--jobs", "--json", "--help"}
        told = set(re.findall(r"--[a-z-]+", PAGE))
        assert {o for o in options if o.startswith("--")} - usual - told == set()
