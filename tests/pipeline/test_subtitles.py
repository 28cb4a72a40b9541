"""Subtitles: which file, which words, which times."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.subtitles import cues_within, find_subtitles, read_subtitles
from schemas.errors import ClipError
from schemas.speech import Cue
from schemas.video import Kind, SourceFile

RUSSIAN = (
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043a\u0430\u043a \u0434\u0435\u043b\u0430? "
    "\u0427\u0442\u043e \u0441\u043b\u0443\u0447\u0438\u043b\u043e\u0441\u044c "
    "\u0432\u0447\u0435\u0440\u0430 \u0432\u0435\u0447\u0435\u0440\u043e\u043c?"
)
CHINESE = (
    "\u4f60\u597d,\u4f60\u4eca\u5929\u597d\u5417?\u6211\u4eec\u660e\u5929\u518d\u89c1\u9762\u5427"
)
ONE = "1\n00:00:01,000 --> 00:00:02,500\n{}\n"


def words(tmp_path: Path, text: str | bytes, *, name: str = "a.srt") -> list[str]:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return [cue.text for cue in read_subtitles(path).cues]


def spans(tmp_path: Path, text: str, *, name: str = "a.srt") -> list[tuple[object, object]]:
    (tmp_path / name).write_text(text)
    return [(cue.start_s, cue.end_s) for cue in read_subtitles(tmp_path / name).cues]


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Hello", "Hello"),
        ("<i>Hello</i> {\\an8}<font color='red'>you</font>", "Hello you"),
        ("two\nlines", "two lines"),
        ("- Yes.\n- No.", "Yes. No."),
        ("-Yes.\n\u2013 No.", "Yes. No."),
        ("-5 degrees", "-5 degrees"),
        ("well-known", "well-known"),
        ("[laughs] I know", "I know"),
        ("(sighs) I know (laughs)", "I know"),
        ("It takes (about) an hour", "It takes (about) an hour"),
        ("I know [door\nslams]", "I know"),
        ("salt &amp; pepper", "salt & pepper"),
        ("I <3 you", "I <3 you"),
        ("How many?\n42", "How many? 42"),
        ("42", "42"),
        ("\u4f60\u597d", "\u4f60\u597d"),
    ],
)
def test_a_cue_becomes_the_words_spoken_on_one_line(tmp_path: Path, text: str, plain: str) -> None:
    assert words(tmp_path, ONE.format(text)) == [plain]
    followed = ONE.format(text) + "\n2\n00:00:03,000 --> 00:00:04,000\nnext\n"
    assert words(tmp_path, followed) == [plain, "next"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "[laughs]",
        "(laughs)",
        "- [door slams]\n- (sighs)",
        "\u266a",
        "\u266a la la \u266a",
        "...",
        "<i></i>",
    ],
)
def test_a_cue_in_which_nobody_speaks_is_dropped(tmp_path: Path, text: str) -> None:
    assert words(tmp_path, ONE.format(text) + "\n2\n00:00:03,000 --> 00:00:04,000\nhi\n") == ["hi"]


def test_notes_styles_names_and_voices_of_webvtt_are_no_words(tmp_path: Path) -> None:
    text = (
        "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\n"
        "NOTE\nnobody says this\nnor this\n\nintro\n"
        "00:01.000 --> 00:02.000 line:-1 align:start\n<v Bob>Hi <00:01.500>there\n\n"
        "NOTE or this\n\nthe second\n00:00:02.000 --> 00:00:03.000\nNOTE that I said so\n"
    )
    assert words(tmp_path, text, name="a.vtt") == ["Hi there", "NOTE that I said so"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_however_it_was_saved(tmp_path: Path, encoding: str) -> None:
    text = ONE.format("d\u00e9j\u00e0 vu \u2014 \u732b")
    assert words(tmp_path, text.encode(encoding)) == ["d\u00e9j\u00e0 vu \u2014 \u732b"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "\u00c7a va? O\u00f9 \u00eates-vous all\u00e9 hier soir, d\u00e9j\u00e0?"),
        ("cp1252", "\u00c7a va?"),
        ("cp1251", RUSSIAN),
        ("cp932", "\u3053\u3093\u306b\u3061\u306f\u3001\u5143\u6c17\u3067\u3059\u304b\u3002"),
        ("gb18030", CHINESE),
        (
            "euc_kr",
            "\uc548\ub155\ud558\uc138\uc694 \uc624\ub298 \ub0a0\uc528\uac00 \uc88b\ub124\uc694",
        ),
    ],
)
def test_common_legacy_encodings_are_recognised(tmp_path: Path, encoding: str, text: str) -> None:
    assert words(tmp_path, ONE.format(text).encode(encoding)) == [text]


def test_bytes_that_are_as_good_in_two_encodings_are_refused_not_guessed(tmp_path: Path) -> None:
    chinese = "\u4f60\u597d\uff0c\u4f60\u4eca\u5929\u597d\u5417\uff1f\u660e\u5929\u89c1"
    saved = ONE.format(chinese).encode("gb18030")
    with pytest.raises(ClipError, match="euc_kr or gb18030"):
        words(tmp_path, saved)
    assert read_subtitles(tmp_path / "a.srt", encoding="gb18030").cues[0].text == chinese


def test_a_stated_encoding_wins_over_the_guess_but_not_over_unicode(tmp_path: Path) -> None:
    polish = "Nie wiem, co si\u0119 sta\u0142o."
    for saved in ("cp1250", "utf-8"):
        (tmp_path / "a.srt").write_bytes(ONE.format(polish).encode(saved))
        assert read_subtitles(tmp_path / "a.srt", encoding="cp1250").cues[0].text == polish


# -- times ----------------------------------------------------------------------------------------


def test_cues_are_sorted_seconds_and_the_same_cue_counts_once(tmp_path: Path) -> None:
    cue = "1\n00:00:05,250 --> 00:00:06,000\nb\n\n"
    text = cue + cue + "3\n01:00:00.5 --> 01:00:01.5\nc\n\n2\n00:00:01,000 --> 00:00:02,000\na\n"
    assert spans(tmp_path, text) == [(1.0, 2.0), (5.25, 6.0), (3600.5, 3601.5)]


GOOD = "00:00:0{0},000 --> 00:00:0{0},900\ngood {0}\n\n"


@pytest.mark.parametrize(
    "bad",
    [
        "-00:00:05,000 --> 00:00:06,000",
        "00:00:06,000 --> 00:00:05,000",
        "00:00:05,000 --> 00:00:05,000",
        "00:00:xx,000 --> 00:00:06,000",
        "00:00:05,000 -->",
    ],
)
def test_a_damaged_cue_among_good_ones_is_left_out_with_its_words_and_told(
    tmp_path: Path, bad: str
) -> None:
    (tmp_path / "a.srt").write_text(f"1\n{GOOD.format(1)}2\n{bad}\nbad\n\n3\n{GOOD.format(7)}")
    found = read_subtitles(tmp_path / "a.srt")
    assert [cue.text for cue in found.cues] == ["good 1", "good 7"]
    assert (len(found.damage), found.total) == (1, 3)
    with pytest.raises(ClipError, match=r"a\.srt: 1 of 1 cues are damaged"):
        words(tmp_path, f"1\n{bad}\nbad\n")


def test_an_empty_file_says_that_nobody_speaks(tmp_path: Path) -> None:
    assert words(tmp_path, "") == []
    assert words(tmp_path, "WEBVTT\n\n", name="a.vtt") == []


@pytest.mark.parametrize("content", [b"hello there\n", b"\x00\x01\x02\x03" * 40, b"\xff\xfe\x00"])
def test_a_file_that_holds_no_subtitles_is_a_clip_error_in_one_line(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(ClipError, match=r"a\.srt") as error:
        words(tmp_path, content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("junk", ["[", "(", "{", "<a", "\n", "- ", "\u266a", "&"])
def test_a_cue_without_end_is_damaged_and_costs_no_time(tmp_path: Path, junk: str) -> None:
    text = ONE.format("good") + "\n2\n00:00:03,000 --> 00:00:04,000\n" + junk * 200_000 + "x\n"
    started = time.process_time()
    assert words(tmp_path, text + "\n" + GOOD.format(7) + GOOD.format(8))[0] == "good"
    assert time.process_time() - started < 2


@given(
    st.binary(max_size=200)
    | st.text(st.sampled_from("0123456789:,.-> \n<i>{\\N}[]()\u266a"), max_size=200)
)
def test_any_bytes_give_sound_cues_or_a_clip_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes | str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.srt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        found = read_subtitles(path)
    except ClipError:
        return
    for cue in found.cues:
        assert cue.start_s is not None
        assert cue.end_s is not None
        assert 0 <= cue.start_s < cue.end_s
        assert cue.text.strip() == cue.text != ""


# -- which file -----------------------------------------------------------------------------------


def film(path: Path, kind: Kind = "film") -> SourceFile:
    return SourceFile(
        path=path.name, source="s", location=str(path), kind=kind, size_bytes=1, video_id="v"
    )


def chosen(tmp_path: Path, names: list[str], languages: tuple[str, ...] = ("en",)) -> object:
    for name in names:
        (tmp_path / name).touch()
    found = find_subtitles([film(tmp_path / "a.mp4")], languages).get(str(tmp_path / "a.mp4"))
    return found and (found.path.name, found.language)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["b.srt", "a.txt", "ab.srt", "a.b.c.srt"], None),
        (["a.srt"], ("a.srt", None)),
        (["a.SRT"], ("a.SRT", None)),
        (["a.mp4.srt"], ("a.mp4.srt", None)),
        (["a.srt", "a.vtt"], ("a.srt", None)),
        (["a.srt", "a.fr.srt"], ("a.srt", None)),
        (["a.srt", "a.en.vtt"], ("a.en.vtt", "en")),
        (["a.fr.srt", "a.de.srt"], ("a.de.srt", "de")),
        (["a.eng.srt"], ("a.eng.srt", "en")),
        (["a.pt-BR.srt"], ("a.pt-BR.srt", "pt")),
        (["a.en.sdh.srt"], ("a.en.sdh.srt", "en")),
    ],
)
def test_of_several_subtitles_the_wished_language_then_none_then_the_alphabet_wins(
    tmp_path: Path, names: list[str], expected: tuple[str, str | None] | None
) -> None:
    assert chosen(tmp_path, names) == expected


def test_the_order_of_wishes_decides(tmp_path: Path) -> None:
    names = ["a.srt", "a.en.srt", "a.de.srt", "a.fr.srt"]
    assert chosen(tmp_path, names, ("fr", "de")) == ("a.fr.srt", "fr")


def test_a_still_has_no_subtitles(tmp_path: Path) -> None:
    (tmp_path / "a.srt").touch()
    assert find_subtitles([film(tmp_path / "a.jpg", "still")], ("en",)) == {}


# -- cues of a clip -------------------------------------------------------------------------------


def cue(start_s: float, end_s: float) -> Cue:
    return Cue(start_s=start_s, end_s=end_s, text=f"{start_s}")


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (2.0, 3.0, (0.0, 1.0)),
        (1.5, 2.5, (0.0, 0.5)),  # half
        (1.4, 2.4, None),
        (3.5, 4.5, (1.5, 2.0)),  # half
        (3.6, 4.6, None),
        (0.0, 2.0, None),
        (4.0, 5.0, None),
        (1.0, 5.0, (0.0, 2.0)),
    ],
)
def test_a_cue_is_of_a_clip_when_half_of_it_lies_inside(
    start_s: float, end_s: float, expected: tuple[float, float] | None
) -> None:
    found = cues_within([cue(start_s, end_s)], 2.0, 4.0)
    assert [(c.start_s, c.end_s) for c in found] == ([] if expected is None else [expected])


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.01, 10)), max_size=20), st.floats(1, 59))
def test_cutting_a_film_in_two_loses_no_cue(times: list[tuple[float, float]], cut_s: float) -> None:
    cues = [cue(start, start + length) for start, length in times]
    both = (*cues_within(cues, 0.0, cut_s), *cues_within(cues, cut_s, 61.0))
    assert {c.text for c in both} == {c.text for c in cues}
