import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clip_page import render_clip
from pipeline.clip_view import WIDTH, ClipView, render_text, strongest_aus
from pipeline.page import encode
from pipeline.terminal import columns, wrap
from pipeline.timeline import plot_timeline, untrusted_spans
from schemas.clip import Clip
from schemas.clues import Clue, Clues
from schemas.evidence import Evidence, EvidenceItem, SpeakerVisibility
from schemas.failure import Failure, Rejection
from schemas.label import Label, LabelDecision
from schemas.maker import Maker
from schemas.peak import Peak, PeakAu, PeakMoment, Picture, Stills
from schemas.speech import Cue, Span, Speech, Transcript
from tests.pipeline.tracks import make_track

MAKER = Maker(engine="hand", version="1", model="weights@1234", prompt="a" * 64)
CLIP = Clip.of("v" * 64, 2_000_000, 6_000_000, rule="whole", has_audio=True)
STILL = Clip.of("v" * 64, 0, 0, rule="still", has_audio=False)
EVIL = "<script>alert(1)</script>\x1b[2J"


def picture(t_s: float = 1.0) -> Picture:
    jpeg = cv2.imencode(".jpg", np.full((36, 64, 3), 90, np.uint8))[1].tobytes()
    return Picture(jpeg=jpeg, width_px=64, height_px=36, frame_index=25, t_s=t_s)


def speech(words: str) -> Speech:
    return Speech(
        clip_id=CLIP.clip_id,
        made_by=MAKER,
        voiced=(Span(start_s=0.5, end_s=2.5),),
        voice_probability=0.9,
        transcript=Transcript(
            text=words,
            language="en",
            source="subtitles",
            cues=(Cue(start_s=0.5, end_s=2.5, text=words), Cue(start_s=None, end_s=None, text="x")),
        ),
    )


def peak() -> Peak:
    moment = PeakMoment(
        frame_index=25,
        t_s=1.0,
        confidence=0.9,
        score=3.4,
        scored_aus=("AU06", "AU12"),
        aus=(
            PeakAu(au="AU12", intensity=3.4, present=True),
            PeakAu(au="AU28", intensity=None, present=True),
            PeakAu(au="AU04", intensity=0.1, present=False),
        ),
        peak_au_list=("AU12", "AU28"),
    )
    return Peak(clip_id=CLIP.clip_id, made_by=MAKER, rule="au_sum", label_seen=False, moment=moment)


def evidence() -> Evidence:
    item = EvidenceItem(
        key="face.AU12",
        modality="face",
        value=3.4,
        unit="FACS 0-5",
        text="lip corner puller",
        start_s=1.0,
        end_s=1.0,
    )
    return Evidence(
        clip_id=CLIP.clip_id,
        duration_s=4,
        items=(item,),
        speaker=SpeakerVisibility(verdict="not_visible", agreement=None, speech_frames=9),
        face_share=0.9,
        others_share=0,
        makers=("face hand 1",),
        flags=("speaker_not_visible",),
    )


def full_view(words: str = "I never thought so.") -> ClipView:
    opinion = Label(
        clip_id=CLIP.clip_id, label="happy", weight=1, source="given", version="1", confidence=None
    )
    clue = Clue(modality="face", claim="The cheeks rise.", evidence=("face.AU12", "face.AU99"))
    smile = [0, 1, 2, 3, 4, 3, 2, 1, 0, 0]
    return ClipView(
        clip=CLIP,
        names=("films/a.mp4", "copies/b.mp4"),
        track=make_track(CLIP.clip_id, n=10, fps=2.5, au12_r=smile, shot=[0] * 6 + [1] * 4),
        peak=peak(),
        stills=Stills(
            clip_id=CLIP.clip_id, first=picture(0), middle=picture(2), peak=picture(), face=None
        ),
        speech=speech(words),
        evidence=evidence(),
        decision=LabelDecision(
            clip_id=CLIP.clip_id,
            label="happy",
            source="given",
            policy="given first",
            valence=0.5,
            opinions=(opinion,),
        ),
        clues=Clues(clip_id=CLIP.clip_id, made_by=MAKER, mode="template", clues=(clue,), raw=None),
        part_keys={"face": "0123456789abcdef"},
    )


def test_the_page_and_the_text_tell_the_same_of_a_clip():
    for shown in (render_clip(full_view()), render_text(full_view())):
        for said in (
            CLIP.clip_id,
            "films/a.mp4",
            "copies/b.mp4",
            "happy",
            "given first",
            "I never thought so.",
            "The cheeks rise.",
            "lip corner puller",
            "3.40 of 5",
            "weights@1234",
            "0123456789abcdef",
            "AU28",
        ):
            assert said in shown
        assert "AU04" not in shown  # not present at the peak, never rises


@pytest.mark.parametrize("clip", [CLIP, STILL])
def test_a_clip_of_which_nothing_is_known_is_shown_without_inventing(clip):
    bare = ClipView(clip, ())
    page, text = render_clip(bare), render_text(bare)
    assert "No label." in page
    assert "LABEL" not in text
    assert "no file of this video is known" in text
    assert '<svg class="plot"' not in page


def test_why_a_clip_fell_out_is_said_in_words():
    rejection = Rejection(
        subject="clip", id=CLIP.clip_id, stage="peak", rule="no_face", reason="saw nobody"
    )
    failure = Failure(
        subject="clip",
        id=CLIP.clip_id,
        stage="tone",
        error="DeadlineError",
        reason="took too long",
        retryable=True,
    )
    view = ClipView(CLIP, ("a.mp4",), fallen=(rejection, failure))
    text, page = render_text(view), render_clip(view)
    assert "rejected at peak by no_face: saw nobody" in text
    assert "failed at tone with DeadlineError (is tried again): took too long" in text
    assert "saw nobody" in page
    assert "took too long" in page


def test_clues_lead_to_the_evidence_they_cite_and_a_citation_of_nothing_is_marked():
    page = render_clip(full_view())
    assert '<a class="mono" href="#evidence-0">face.AU12</a>' in page
    assert '<tr id="evidence-0">' in page
    assert "face.AU99 (no such evidence)" in page


def test_words_from_outside_become_neither_markup_nor_terminal_commands():
    view = full_view(EVIL)
    assert "<script" not in render_clip(view)
    assert "&lt;script&gt;" in render_clip(view)
    assert "\x1b" not in render_text(view)
    named = ClipView(CLIP, (f"{EVIL}\n.mp4",))
    assert "<script" not in render_clip(named)
    assert "\x1b" not in render_text(named)


def test_equal_clips_give_equal_pages():
    assert encode(render_clip(full_view())) == encode(render_clip(full_view()))


def test_the_strongest_units_leave_out_blinks_untrusted_frames_and_flat_lines():
    track = make_track(
        n=4,
        au45_r=[5, 5, 5, 5],
        au06_r=[1, 2, 1, 1],
        au12_r=[0, 1, 0, 4],
        confidence=[1, 1, 1, 0.1],
    )
    assert strongest_aus(track, 0.5) == [("AU06", 2.0), ("AU12", 1.0)]
    assert strongest_aus(track, 0.5, most=1) == [("AU06", 2.0)]
    assert strongest_aus(make_track(n=3), 0.5) == []


def test_frames_without_a_trusted_face_are_grey_to_the_end_of_the_clip():
    track = make_track(n=5, fps=1, success=[True, False, False, True, False])
    assert list(untrusted_spans(track, 0.5, 5.4)) == [(1.0, 3.0), (4.0, 5.4)]


@pytest.mark.parametrize(
    "view",
    [
        ClipView(CLIP, (), track=make_track(n=6, success=False)),
        ClipView(CLIP, (), track=make_track(n=0)),
        ClipView(CLIP, (), track=make_track(n=3, au12_r=None)),
        ClipView(CLIP, (), speech=speech("他很高兴 " * 30)),
        ClipView(
            CLIP,
            (),
            speech=Speech(
                clip_id="c", made_by=MAKER, voiced=None, voice_probability=None, transcript=None
            ),
        ),
    ],
    ids=["no face", "no frames", "unit unknown", "chinese words", "no sound"],
)
def test_a_timeline_is_drawn_of_whatever_is_known(view):
    drawn = plot_timeline(view)
    assert drawn is not None
    assert drawn.startswith("<svg")


def test_text_fits_the_terminal_even_in_chinese_and_without_blanks():
    text = render_text(full_view("他从来没有想过你会回来" * 40 + "x" * 300))
    assert max(columns(line) for line in text.splitlines()) <= WIDTH
    assert text.count("他") == 40


def test_lines_that_go_on_start_below_their_second_column():
    assert wrap("key   one two three", 14) == ["key   one two", "      three"]
    assert wrap("one two three", 10, indent=" ") == [" one two", "   three"]


@given(st.text(), st.integers(60, 120))
def test_wrapping_loses_no_letter_and_keeps_the_width(text, width):
    lines = wrap(text, width)
    assert all(columns(line) <= width for line in lines)
    kept = "".join("".join(lines).split())
    assert kept == "".join(
        "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text).split()
    )
