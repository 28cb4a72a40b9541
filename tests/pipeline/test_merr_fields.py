"""MERR's fields: what fits a column is read, what does not is kept and counted, never guessed."""

import pytest

from pipeline.merr_fields import FIELDS, read_fields, written
from schemas.label import load_vocabulary
from tests.pipeline.merr_house import coarse_entry, fine_entry

MERR9 = load_vocabulary("merr9")


def read(entry):
    return read_fields(entry, MERR9)


def test_an_entry_as_released_has_no_dirt_and_comes_out_as_it_went_in():
    for entry in (fine_entry(), coarse_entry()):
        found = read(entry)
        assert (found.unread, +found.dirt) == ({}, {})
        back = {f: written(f, v) for f, v in found.values.items() if v is not None}
        assert back == entry


@pytest.mark.parametrize(
    ("field", "raw", "value", "kind"),
    [
        ("peak_index", "0", 0, None),
        ("peak_index", 37, 37, "other_form_of"),
        ("peak_index", 37.0, 37, "other_form_of"),
        ("peak_index", " 37", 37, "other_form_of"),
        ("peak_index", "007", 7, "other_form_of"),
        ("peak_index", 37.5, None, "unreadable"),
        ("peak_index", -1, None, "unreadable"),
        ("peak_index", True, None, "unreadable"),
        ("peak_index", "frame 3", None, "unreadable"),
        ("peak_index", 10**30, None, "unreadable"),
        ("peak_index", "٣", None, "unreadable"),
        ("peak_index", "", None, "empty"),
        ("AU_list", [], (), None),
        ("AU_list", ["AU15", "AU15"], ("AU15", "AU15"), None),
        ("AU_list", ["AU4", "au04_c"], ("AU04", "AU04"), "other_form_of"),
        ("AU_list", "AU04, AU12", ("AU04", "AU12"), "other_form_of"),
        ("AU_list", "AU04", ("AU04",), "other_form_of"),
        ("AU_list", "brow lowerer", None, "unreadable"),
        ("AU_list", ["AU04", "brow"], None, "unreadable"),
        ("AU_list", ["AU00"], None, "unreadable"),
        ("AU_list", ["AU04", 12], None, "unreadable"),
        ("AU_list", {"AU04": 1.0}, None, "unreadable"),
        ("AU_list", "", None, "empty"),
        ("visual_prior_list", ["a", ""], None, "unreadable"),
        ("visual_prior_list", "a", None, "unreadable"),
        ("audio_prior_list", ["joyful"], "joyful", "other_form_of"),
        ("audio_prior_list", ["joyful", "calm"], None, "unreadable"),
        ("audio_prior_list", [], None, "unreadable"),
        ("audio_prior_list", "  calm ", "  calm ", None),
        ("pseu_emotion", "anger", "angry", "other_form_of"),
        ("pseu_emotion", "Happy", "happy", "other_form_of"),
        ("pseu_emotion", "unknown", None, "unreadable"),
        ("pseu_emotion", 3, None, "unreadable"),
        ("text", "", None, "empty"),
        ("text", "\n ", None, "empty"),
        ("text", 5, None, "unreadable"),
        ("text", "a\ud800b", "a\ufffdb", "other_form_of"),
        ("text", "a\0b", "a\ufffdb", "other_form_of"),
        ("smp_reason_caption", ["x"], None, "unreadable"),
    ],
)
def test_a_field_is_read_or_none_and_what_it_said_is_kept(field, raw, value, kind):
    found = read(fine_entry(**{field: raw}))
    assert found.values[field] == value
    assert type(found.values[field]) is type(value)
    assert found.unread == ({} if kind is None else {field: raw})
    assert (f"{kind}_{field}" in found.dirt) is (kind is not None)


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_and_null_are_none_and_nothing_is_kept_of_them(field):
    for raw in (..., None):
        found = read(fine_entry(**{field: raw}))
        assert found.values[field] is None
        assert found.unread == {}
    expected = field not in ("caption", "smp_reason_caption")
    assert (found.dirt[f"missing_{field}"] == 1) is expected


def test_a_coarse_entry_need_not_have_words():
    assert read(coarse_entry()).dirt["missing_text"] == 0


def test_keys_that_nobody_knows_are_kept_and_counted():
    found = read(fine_entry(score={"a": [1, None]}, by="me"))
    assert found.unread == {"score": {"a": [1, None]}, "by": "me"}
    assert found.dirt["unknown_key"] == 2


def test_phrases_that_do_not_go_with_the_units_are_counted():
    assert read(fine_entry(visual_prior_list=[])).dirt == {"phrases_do_not_match_units": 1}
