"""Keys: equal for equal causes, different for different ones."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.keys import Key, canonical, digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def turned(value):
    """The same value with its keys in another order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(JSON)
def test_the_order_in_which_fields_were_written_is_no_difference(value):
    assert digest(value) == digest(turned(value))


def test_letters_stay_letters_and_nothing_is_added():
    assert canonical({"b": "ä", "a": [1, None]}) == '{"a":[1,null],"b":"ä"}'


def test_bytes_of_names_that_are_no_text_have_a_digest_too():
    assert digest("\udcff") != digest("\udcfe")
    assert Key.of("s", {"name": "\udcff"}).name != Key.of("s", {"name": "x"}).name


@pytest.mark.parametrize(
    ("stage", "fields"), [("b", {"x": 1}), ("a", {"x": 2}), ("a", {"x": "1"}), ("a", {"y": 1})]
)
def test_any_difference_makes_another_key(stage, fields):
    assert Key.of(stage, fields).name != Key.of("a", {"x": 1}).name


def test_the_name_of_a_key_is_sixteen_digits_of_its_whole():
    key = Key.of("face", {"version": "1"})
    assert key.fields == '{"stage":"face","version":"1"}'
    assert key.name == hashlib.sha256(key.fields.encode()).hexdigest()[:16]


def test_fields_that_are_json_already_make_the_same_key():
    fields = {"settings": {"b": 1.5, "a": "ü"}, "inputs": {"face": "00ff"}, "version": "2"}
    texts = {name: canonical(value) for name, value in fields.items()}
    assert Key.of_texts("tone", texts) == Key.of("tone", fields)
