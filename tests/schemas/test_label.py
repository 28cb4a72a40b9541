"""Vocabularies: shipped ones and the user's own."""

import pytest

from schemas.errors import SetupError
from schemas.label import load_vocabulary, shipped_vocabularies


@pytest.mark.parametrize("name", shipped_vocabularies())
def test_a_shipped_vocabulary_knows_its_labels_and_what_else_they_are_called(name):
    vocabulary = load_vocabulary(name)
    assert vocabulary.labels
    for word, label in [*((w, w) for w in vocabulary.labels), *vocabulary.aliases.items()]:
        assert vocabulary.canonical(f" {word.upper()} ") == label


def test_a_strange_word_is_no_label():
    assert load_vocabulary("merr9").canonical("purple") is None


def write(path, text):
    path.write_text(text, "utf-8")
    return str(path)


def test_a_vocabulary_of_ones_own_is_read_from_its_file(tmp_path):
    text = 'labels = ["Calm", "tense"]\n[aliases]\nRelaxed = "CALM"\n'
    vocabulary = load_vocabulary(write(tmp_path / "mine.toml", text))
    assert (vocabulary.name, vocabulary.labels) == ("mine", ("calm", "tense"))
    assert vocabulary.canonical("relaxed") == "calm"


@pytest.mark.parametrize(
    "text",
    [
        "labels = [",
        "words = ['calm']",
        "labels = []",
        "labels = 3",
        "labels = ['calm']\naliases = 'calm'",
        "labels = ['calm']\n[aliases]\nrelaxed = 'loose'",
    ],
)
def test_a_damaged_vocabulary_is_named(tmp_path, text):
    with pytest.raises(SetupError, match="vocabulary mine: "):
        load_vocabulary(write(tmp_path / "mine.toml", text))


def test_a_vocabulary_that_is_nowhere_names_those_that_are_here(tmp_path):
    with pytest.raises(SetupError, match="merr9"):
        load_vocabulary(str(tmp_path / "lost.toml"))
