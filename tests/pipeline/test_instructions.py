"""Instruction samples: our questions, Emotion-LLaMA's layout, the same as chat."""

from collections import Counter

import pytest

from pipeline.coarse import CoarseSettings, write_coarse
from pipeline.instructions import instruct, load_prompts
from pipeline.leakage import leaked_words
from schemas.instruction import InstructionSample, lay_out
from schemas.label import load_vocabulary
from schemas.parquet import read_rows, write_rows
from schemas.sample import FineSample, sample_id_of
from tests.pipeline.one_clip import (
    HAND,
    TONE,
    decision,
    evidence,
    peak,
    scene,
    speech,
    tone,
)

MERR = load_vocabulary("merr9")
MER = load_vocabulary("mer2023")


def coarse():
    return write_coarse(
        "c",
        decision("happy"),
        peak({"AU12": 2.0}),
        tone(TONE),
        scene(),
        speech("Oh my."),
        evidence({"AU12": 2.0}),
        CoarseSettings(),
    )


def fine():
    return FineSample(
        sample_id="f",
        clip_id="c",
        text_hash="h",
        made_by=HAND,
        pseu_emotion="happy",
        label_source="given",
        label_policy="given",
        mode="template",
        clues=(),
        conclusion="So it is.",
        smp_reason_caption="A clue. So it is.",
        flags=(),
    )


def test_a_coarse_sample_asks_for_the_label_and_for_the_caption():
    emotion, reason = instruct(coarse(), "Oh my.", MERR, 0)
    assert (emotion.task, emotion.target, emotion.label) == ("emotion", "happy", "happy")
    assert (reason.task, reason.target) == ("reason", coarse().caption)
    assert emotion.sample_id == sample_id_of("c", "coarse", "emotion")
    assert reason.sample_id == sample_id_of("c", "coarse", "reason") == coarse().sample_id


def test_a_fine_sample_asks_for_the_reasons():
    [reason] = instruct(fine(), "Oh my.", MERR, 0)
    assert (reason.tier, reason.task, reason.target) == ("fine", "reason", "A clue. So it is.")
    assert reason.sample_id == sample_id_of("c", "fine", "reason")


def test_the_layout_is_emotion_llamas_to_the_space():
    assert lay_out("emotion", "Which?", "Oh my") == (
        "<video><VideoHere></video> <feature><FeatureHere></feature> "
        "The person in video says: Oh my.  [emotion] Which? "
    )


@pytest.mark.parametrize("text", [None, ""])
def test_without_words_no_sentence_and_no_gap_is_left(text):
    assert lay_out("reason", "Why?", text) == (
        "<video><VideoHere></video> <feature><FeatureHere></feature> [reason] Why? "
    )


def test_the_chat_says_the_same():
    for row in [*instruct(coarse(), "Oh my.", MERR, 0), *instruct(fine(), None, MERR, 0)]:
        assert [m.role for m in row.messages] == ["user", "assistant"]
        assert [m.content for m in row.messages] == [row.instruction, row.target]
        assert row.instruction == lay_out(
            row.task, row.prompt, "Oh my." if row.tier == "coarse" else None
        )


def test_every_question_names_the_labels_of_the_vocabulary_in_use():
    for seed in range(50):
        emotion, reason = instruct(coarse(), None, MER, seed)
        assert "neutral, angry, happy, sad, worried, surprise" in emotion.prompt
        assert "fear" not in emotion.prompt
        assert "{" not in emotion.prompt + reason.prompt


def test_pools_are_wide_distinct_and_give_no_label_away():
    for task, pool in load_prompts().pools.items():
        assert len(set(pool)) == len(pool) >= 6
        assert all(("{labels}" in prompt) == (task == "emotion") for prompt in pool)
        assert all(leaked_words(prompt, MERR) == () for prompt in pool)


def test_what_concludes_nothing_is_not_asked_for_a_conclusion():
    """A caption tells what was observed; a fine text says what follows."""
    pools = load_prompts().pools
    for seed in range(30):
        _, caption = instruct(coarse(), None, MER, seed)
        [reasoned] = instruct(fine(), None, MER, seed)
        assert caption.prompt in pools["describe"]
        assert reasoned.prompt in pools["reason"]


def test_questions_are_drawn_evenly_and_the_same_again():
    sample = coarse()
    rows = [
        instruct(sample.model_copy(update={"clip_id": f"c{i}"}), None, MERR, 5) for i in range(1400)
    ]
    for task in (0, 1):
        counts = Counter(row[task].prompt for row in rows)
        assert len(counts) == 7
        assert all(140 < count < 260 for count in counts.values())
    assert instruct(sample, None, MERR, 5) == instruct(sample, None, MERR, 5)


def test_rows_survive_parquet(tmp_path):
    rows = [*instruct(coarse(), "Oh my.", MERR, 0), *instruct(fine(), None, MERR, 0)]
    write_rows(tmp_path / "part.parquet", rows, InstructionSample)
    assert read_rows(tmp_path / "part.parquet", InstructionSample) == rows
