"""Parts: one file that says what made it, whole or not there."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.keys import Key
from pipeline.parts import Counts, Part, read_counts, read_fallen, read_part, write_part
from schemas.clip import Clip
from schemas.failure import Failure, Rejection
from schemas.label import Label

KEY = Key.of("label", {"version": "1"})


def row(clip_id):
    return Label(
        clip_id=clip_id, label="sad", weight=1, source="given", version="1", confidence=None
    )


def rejected(clip_id, rule="no_label"):
    return Rejection(subject="clip", id=clip_id, stage="label", rule=rule, reason="nobody spoke")


def failed(clip_id, *, retryable=False, error="DecodeError", unexpected=None):
    return Failure(
        subject="clip",
        id=clip_id,
        stage="label",
        error=error,
        reason="broke\n“so”",
        retryable=retryable,
        unexpected=unexpected,
    )


PART = Part(
    [row("a"), row("b")],
    [rejected("c")],
    [failed("d"), failed("e", retryable=True, error="DeadlineError", unexpected="line 1\nline 2")],
)


@pytest.mark.parametrize("part", [PART, Part(), Part([row("a")]), Part((), [rejected("b")])])
def test_a_part_comes_back_as_it_was(tmp_path, part):
    write_part(tmp_path / "p", part, Label, KEY)
    back = read_part(tmp_path / "p", Label, KEY)
    assert back is not None
    assert (list(back.rows), list(back.rejections), list(back.failures)) == (
        list(part.rows),
        list(part.rejections),
        list(part.failures),
    )


def test_a_part_of_another_key_is_not_read(tmp_path):
    write_part(tmp_path / "p", PART, Label, KEY)
    assert read_part(tmp_path / "p", Label, Key.of("label", {"version": "2"})) is None
    assert read_part(tmp_path / "p", Label, Key("label", KEY.fields + " ")) is None


def test_a_part_that_is_not_there_is_none(tmp_path):
    assert read_part(tmp_path / "p", Label, KEY) is None


def test_rows_and_what_fell_out_are_one_file(tmp_path):
    write_part(tmp_path / "stage" / "p", PART, Label, KEY)
    assert [path.name for path in (tmp_path / "stage").iterdir()] == ["p"]


def test_equal_parts_are_equal_bytes(tmp_path):
    for name in ("one", "two"):
        write_part(tmp_path / name, PART, Label, KEY)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_fell_out_is_read_without_rows(tmp_path):
    write_part(tmp_path / "p", PART, Label, KEY)
    assert read_fallen(tmp_path / "p") == PART.fallen
    assert [outcome.id for outcome in PART.fallen] == ["c", "d", "e"]


def test_counts_say_how_many_came_back_and_how(tmp_path):
    write_part(tmp_path / "p", PART, Label, KEY)
    counts = read_counts(tmp_path / "p")
    assert counts == Counts(
        rows=2,
        rejected=Counter(no_label=1),
        failed=Counter(DecodeError=1, DeadlineError=1),
        retryable=1,
        subjects=5,
    )


def test_where_one_subject_gives_many_rows_it_counts_once(tmp_path):
    clips = [Clip.of("v", n, n + 1, rule="spans", has_audio=False) for n in range(3)]
    write_part(tmp_path / "p", Part(clips), Clip, KEY, subjects=1)
    counts = read_counts(tmp_path / "p")
    assert (counts.rows, counts.subjects) == (3, 1)


def test_what_would_only_fail_again_is_settled():
    assert PART.settled() == {"c", "d"}


def test_failures_are_tried_again_on_request_and_rejections_never():
    assert PART.settled(retry_failed=True) == {"c"}


NUMBERS = st.integers(0, 10**6)
BY_NAME = st.dictionaries(st.text(), st.integers(1, 10**6), max_size=3).map(Counter)


@given(st.builds(Counts, NUMBERS, BY_NAME, BY_NAME, NUMBERS, NUMBERS))
def test_counts_survive_being_written_down(counts):
    assert Counts.from_json(counts.to_json()) == counts
