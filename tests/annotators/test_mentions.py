"""Words are read as movements, sounds and pictures: bound to the nearest part, denied, supposed."""

import re
import tomllib
from importlib.resources import files

import pytest

from annotators.meanings import Count, Range, Texts, lexicon, words_of
from annotators.mentions import mentions_in, speaks_of
from schemas.au import PRESENCE_AUS

ALL = [au for au in PRESENCE_AUS if au != "AU45"]


def units(text):
    """What each mention of a face needs, with a minus where it is denied and ? where supposed."""
    return [
        ("-" if m.negated else "") + ("?" if m.supposed else "") + "|".join(sorted(m.any_of))
        for m in mentions_in(text)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # as MERR's captions speak
        ("his inner brow is raised", ["AU01"]),
        ("an outer brow arch", ["AU02"]),
        ("a brow lowerer and a lid tightener", ["AU04", "AU07"]),
        ("with a furrowed brow and widened eyes", ["AU04", "AU05"]),
        ("lips tightly pressed", ["AU23|AU28"]),
        ("a toothy smile", ["AU12|smile"]),
        ("lips apart showing teeth", ["AU25|AU26", "AU10|AU12|AU25"]),
        ("downturned corners of the mouth", ["AU15"]),
        ("raised upper eyelids and a jaw drop", ["AU05", "AU26"]),
        ("an upper lip lift", ["AU10"]),
        ("a Lip Corner Depressor", ["AU15"]),
        ("AU4 and AU 12", ["AU04", "AU12"]),
        ("inner and outer brows raised", ["AU01|AU02"]),
        ("brows slightly lowered over narrowed eyes", ["AU04|AU06", "AU06|AU07"]),
        ("the muscles around her eyes tighten", ["AU06|AU07"]),
        ("chin raised and lips arched", ["", "AU17"]),
        ("a curled nose", ["AU09"]),
        # bound to the nearest part
        ("the woman's eyebrows are slightly raised", ["AU01|AU02"]),
        ("she raises her eyebrows", ["AU01|AU02"]),
        ("raised brows and lowered corners of the lips", ["AU01|AU02", "AU15"]),
        ("the brows are drawn up", ["AU01|AU02"]),
        ("the brows are drawn together", ["AU04"]),
        ("the brows are raised and drawn together", ["AU01|AU02", "AU04"]),
        ("she raises her hand to her brow", []),
        ("he opened his mouth wide, and raised his brows", ["AU25|AU26", "AU01|AU02"]),
        ("the lips curl, revealing the teeth", ["AU10|AU12", "AU10|AU12|AU25"]),
        ("he raises his voice, his eyes are wide", ["AU05"]),
        ("wide-eyed", ["AU05"]),
        # denied
        ("she does not smile", ["-AU12|smile"]),
        ("she isn't smiling or frowning", ["-AU12|smile", "-AU04"]),
        ("no trace of a smile", ["-AU12|smile"]),
        ("neither eyebrow is raised", ["-AU01|AU02"]),
        ("her nose is not wrinkled", ["-AU09"]),
        ("without a hat and smiling", ["AU12|smile"]),
        ("the nose is not wrinkled and the jaw is dropped open", ["-AU09", "AU26"]),
        ("she not only smiles", ["AU12|smile"]),
        # supposed
        ("as if about to smile", ["?AU12|smile"]),
        ("rather than a frown", ["?AU04"]),
        ("she almost smiles", ["?AU12|smile"]),
        # no movement of this face
        ('she says "I smile"', []),
        ("a smile in her voice", [""]),
        ("flared nostrils", [""]),
        # Chinese
        ("她眉头紧锁", ["AU04"]),
        ("眉毛上扬，嘴角下垂", ["AU01|AU02", "AU15"]),
        ("她微笑着", ["AU12|smile"]),
        ("她没有笑", ["-AU12|smile"]),
        ("他忍不住笑了", ["AU12|smile"]),
        ("嘴巴没有张开", ["-AU25|AU26"]),
        ("嘴角不断上扬", ["AU12"]),
        ("他好像要笑", ["?AU12|smile"]),
        ("这只是个玩笑", []),
        ("双眼圆睁、鼻子皱起", ["AU05", "AU09"]),
        ("眉头紧锁然后舒展", ["AU04", "?AU04"]),
        ("眉毛微抬", ["AU01|AU02"]),
        ("惊得下巴都要掉下来了", ["AU26"]),
        ("with eyes slightly closed", ["AU06|AU07"]),
    ],
)
def test_movements_of_a_face_are_read(text, found):
    assert units(text) == found


def test_a_closed_mouth_denies_an_open_one():
    [closed] = mentions_in("her mouth is closed")
    assert closed.any_of == {"AU25", "AU26"}
    assert closed.readings[0].inverse
    [told] = mentions_in("嘴唇紧闭")
    assert told.readings == closed.readings


@pytest.mark.parametrize("au", ALL)
def test_every_unit_has_words_in_both_languages_and_they_lead_back_to_it(au):
    words = words_of(au)
    plain = [w for w in words if not re.search(r"[$@*()|?\\<]", w.partition(": ")[2] or w)]
    table = tomllib.loads(
        (files("annotators") / "lexicon" / "face.toml").read_text("utf-8")
    )["parts"]  # fmt: skip
    languages = set()
    for word in plain:
        part, _, move = word.partition(": ")
        chinese = bool(re.search("[\u3400-\u9fff]", word))
        text = word
        if move:
            beside = table[part]["zh" if chinese else "en"][0]
            beside = re.sub(r"\((\w+)\|[^)]*\)", r"\1", beside).replace("@ ", "the ")
            text = beside.replace("(both )?", "") + ("" if chinese else " ") + move
        languages.add(chinese)
        assert au in {n for m in mentions_in(text.lower()) for n in m.any_of}, text
    assert False in languages
    assert any(re.search("[\u3400-\u9fff]", w) for w in words)


def test_no_entry_of_the_face_names_a_unit_that_does_not_exist():
    known = {*PRESENCE_AUS, "smile", "eye_closure"}
    table = tomllib.loads((files("annotators") / "lexicon" / "face.toml").read_text("utf-8"))
    for entry in (*table["moves"], *table["phrases"]):
        for name in ("any_of", "near", "against"):
            assert set(entry.get(name, ())) <= known
        assert set(entry.get("parts", ())) <= set(table["parts"])


def keys(text, modality):
    found = []
    for mention in mentions_in(text, modality):
        for reading in mention.readings[:1]:
            name = reading.people if isinstance(reading, Count) else reading.key
            found.append(f"{'-' if mention.negated else ''}{name}")
        if not mention.readings:
            found.append("?")
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("he speaks at a fast pace", ["voice.syllables_per_s"]),
        ("his voice is trembling", ["?"]),
        ("in a deep, monotone voice", ["voice.f0_median_hz", "voice.f0_sd_semitones"]),
        ("she speaks loudly and quickly", ["voice.level_dbfs", "voice.syllables_per_s"]),
        ("he does not speak slowly", ["-voice.syllables_per_s"]),
        ("with many pauses", ["voice.pause_share"]),
        ("at a quick 5.6 syllables per second", ["voice.syllables_per_s"]),
        ("without a pause", ["voice.pause_share"]),
        ("she walks slowly across the long hall", []),
        ("语速很快，声音低沉", ["voice.syllables_per_s", "voice.f0_median_hz"]),
        ("他小声说话", ["voice.level_dbfs"]),
        ("快要下雨了", []),
    ],
)
def test_the_sound_of_a_voice_is_read(text, found):
    assert keys(text, "voice") == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a close-up in dim light", ["scene.shot_size", "scene.light"]),
        ("two men stand in a dark room", [2, "scene.light"]),
        ("one of the two men", []),
        ("a woman with dark hair in a black and white dress", []),
        ("a black-and-white picture", ["scene.colour"]),
        ("she looks into the camera", ["face.pose"]),
        ("head turned to the viewer's left", ["face.pose"]),
        ("the picture is almost still", ["scene.motion"]),
        ("画面昏暗，只有一个人", ["scene.light", 1]),
        ("特写镜头，她低着头", ["scene.shot_size", "face.pose"]),
    ],
)
def test_a_picture_is_read(text, found):
    assert keys(text, "scene") == [str(f) for f in found]


def test_the_limits_of_a_voice_are_those_of_the_norms():
    [fast] = mentions_in("she speaks quickly", "voice")
    [reading] = fast.readings
    assert (reading.key, reading.low, reading.otherwise.key) == (
        "voice.syllables_per_s",
        5.5,
        "voice.words_per_s",
    )
    assert reading.least < reading.low < reading.high == reading.most


@pytest.mark.parametrize("modality", ["voice", "scene"])
def test_every_range_has_room_around_it(modality):
    words = lexicon(modality)
    for said in (*words.phrases, *words.moves):
        for reading in said.readings:
            if isinstance(reading, Range):
                assert reading.least <= reading.low < reading.high <= reading.most
                assert (reading.least, reading.most) != (reading.low, reading.high)
            elif isinstance(reading, Texts):
                assert not set(reading.yes) & set(reading.no)


def test_what_a_text_speaks_of_shows_in_its_words():
    assert speaks_of("Her tone is warm.", "voice")
    assert speaks_of("她的表情严肃", "face")
    assert not speaks_of('She says "my voice".', "voice")
