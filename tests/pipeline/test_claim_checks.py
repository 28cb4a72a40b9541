"""Claims of a free text: supported, contradicted or unverifiable, and where to look."""

import pytest

from pipeline.claim_checks import check_text
from tests.pipeline.one_clip import evidence, item, peak

SHOWN = {"AU04": 1.8, "AU12": 2.4, "AU25": 1.5}
FOUND = evidence(
    SHOWN,
    words="I told you to wait. Where have you been?",
    more=(
        item("voice.f0_median_hz", value=112.0, start_s=0.3, end_s=2.1),
        item("voice.f0_sd_semitones", value=1.2),
        item("voice.syllables_per_s", value=6.2),
        item("voice.pause_share", value=0.02),
        item("voice.level_dbfs", value=-12.0),
        item("voice.voiced_share", value=0.6),
        item("scene.light", value=0.2, text="dim"),
        item("scene.shot_size", text="close-up"),
        item("scene.colour", text="muted"),
        item("scene.motion", value=0.001),
        item("scene.faces", value=1.0),
        item("face.pose", text="turned to the viewer's left"),
    ),
)
AT_PEAK = peak(SHOWN)
YES, NO, OPEN = "supported", "contradicted", "unverifiable"


def verdicts(text, *, found=FOUND, at=AT_PEAK, **more):
    return [row.verdict for row in check_text(text, found, peak=at, **more)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She smiles.", [YES]),
        ("She does not smile.", [NO]),
        ("Her brow is furrowed and her lips are parted.", [YES, YES]),
        ("Her nose is wrinkled.", [NO]),
        ("Her nose is not wrinkled.", [YES]),
        ("Her cheeks are raised.", [OPEN]),  # AU12 lifts them, too
        ("Her mouth is closed.", [NO]),
        ("Her lips are pressed together.", [NO]),  # they are parted
        ("Her jaw is clenched.", [OPEN]),  # nobody measures it
        ("She is about to frown.", [OPEN]),
        ("Her nostrils flare.", [OPEN]),
        ("她皱着眉头，嘴角下垂。", [YES, NO]),
        ("她没有皱鼻子。", [YES]),
        ("She looks hurt by the news.", [OPEN]),
    ],
)
def test_faces(text, expected):
    assert verdicts(text) == expected


def test_a_movement_that_nobody_can_tell_contradicts_nothing():
    blind = AT_PEAK.model_copy(
        update={
            "moment": AT_PEAK.moment.model_copy(
                update={"aus": tuple(u for u in AT_PEAK.moment.aus if u.au != "AU09")}
            )
        }
    )
    assert verdicts("Her nose is wrinkled.", at=blind) == [OPEN]
    assert verdicts("Her nose is not wrinkled.", at=blind) == [OPEN]
    assert verdicts("Her nose is wrinkled. She frowns.", at=None) == [OPEN, YES]


def test_a_trace_of_a_movement_refutes_no_denial():
    weak = {"AU12": 0.8}
    assert verdicts("She does not smile.", found=evidence(weak), at=peak(weak)) == [OPEN]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He speaks fast.", [YES]),
        ("He speaks slowly.", [NO]),
        ("He speaks at a moderate pace.", [OPEN]),  # 6.2 a second lies beside it
        ("He does not speak fast.", [NO]),
        ("His voice is deep and flat.", [YES, YES]),
        ("His voice is shrill.", [NO]),
        ("He never pauses.", [YES]),
        ("There are many pauses.", [NO]),
        ("He shouts.", [YES]),
        ("He whispers.", [NO]),
        ("His voice trembles.", [OPEN]),
        ("His low voice is heard.", [YES]),
        ("His voice lies at about 115 Hz.", [YES]),
        ("His voice lies at 230 Hz.", [NO]),
        ("他语速缓慢，声音低沉。", [NO, YES]),
    ],
)
def test_voices(text, expected):
    assert verdicts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Her tone is sad.", [YES]),
        ("She speaks in a very sad tone.", [YES]),
        ("She speaks in a joyful tone.", [NO]),
        ("His angry voice fills the room.", [NO]),
        ("Her tone is negative.", [YES]),  # as sadness is
        ("Her tone is worried.", [OPEN]),  # lies near
        ("Her tone is calm.", [NO]),  # who listened passed over that
        ("The sadness in her voice is plain.", [YES]),
        ("她用轻蔑的口吻说话。", [NO]),
        ("Her tone is not joyful.", [YES]),
        ("She speaks in a sad and angry tone.", [YES, OPEN]),  # a voice may have both
        ("Her voice cracks, she is happy.", [OPEN]),  # said of her, not of her voice
        ("她的语气悲伤。", [YES]),
        ("语气愤怒，眉头紧锁。", [NO, YES]),
    ],
)
def test_the_mood_of_a_voice_is_held_against_the_tone_that_was_heard(text, expected):
    found = evidence(SHOWN, more=(item("voice.tone", text="sad"),))
    assert verdicts(text, found=found) == expected
    unheard = verdicts(text, found=evidence(SHOWN))
    assert NO not in unheard


def test_a_comparison_is_not_held_against_published_norms():
    text = "Against 40 clips with a high voice, it is much slower (6.2 syllables per second)."
    assert verdicts(text) == [OPEN, OPEN, YES]
    assert verdicts("He speaks slower.") == [OPEN]


def test_a_voice_that_nobody_measured_contradicts_nothing():
    texts = "He speaks slowly. His voice is shrill. He never pauses. It is at 300 Hz."
    assert set(verdicts(texts, found=evidence(SHOWN))) == {OPEN}


def test_words_per_second_stand_in_where_no_syllables_were_counted():
    found = evidence(more=(item("voice.words_per_s", value=1.9),))
    assert verdicts("She speaks slowly. She talks quickly.", found=found) == [YES, NO]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A close-up in dim light.", [YES, YES]),
        ("A long shot.", [NO]),
        ("An extreme close-up.", [OPEN]),  # next to a close-up
        ("A brightly lit room.", [NO]),
        ("An evenly lit room.", [OPEN]),
        ("A black-and-white picture.", [NO]),
        ("A colourful picture.", [OPEN]),
        ("The picture is still.", [YES]),
        ("There is a lot of movement.", [NO]),
        ("One person is seen.", [YES]),
        ("Three people are seen.", [NO]),
        ("Two people are seen.", [OPEN]),  # one may turn her back
        ("She sits in a room, wearing a bright coat.", [OPEN]),
        ("The back of a man is turned to the camera.", [OPEN]),
        ("She turns to the viewer's right.", [NO]),
        ("She looks into the camera.", [NO]),
        ("She turns her head to the right.", [OPEN]),  # whose right?
        ("A woman with dark hair.", [OPEN]),
        ("画面明亮，只有一个人。", [NO, YES]),
    ],
)
def test_scenes(text, expected):
    assert verdicts(text) == expected


def test_one_person_beside_another_is_no_count():
    found = evidence(more=(item("scene.faces", value=2.0),))
    assert verdicts("One person is seen.", found=found) == [NO]
    assert verdicts("One person speaks. The other listens.", found=found) == [OPEN, OPEN]


def test_a_second_face_in_some_frame_leaves_the_number_of_people_open():
    found = FOUND.model_copy(update={"others_share": 0.1})
    assert verdicts("Three people are seen.", found=found) == [OPEN]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Where have you been?" he asks.', [YES]),
        ('He says "i TOLD you, to wait".', [YES]),
        ('He says "I told you ... been".', [YES]),
        ('He says "where were you all night".', [NO]),
        ('He says "no".', [NO]),
        ('A "flaming" tone.', [OPEN]),  # a writer's own distance, not a quote
        ('He says "I tolt you to wait".', [OPEN]),  # another spelling
        ('He says "I told him to wait".', [NO]),
        ("他说“你去哪儿了”。", [OPEN]),  # a translation
        ("'Where have you been?' he asks.", [YES]),
        ("He says 'I don't care where you were'.", [NO]),
        ("\u2018I told you to wait\u2019, he says, and doesn\u2019t smile.", [YES, NO]),
        ("The boys' mouths are closed and the girls' noses wrinkled.", [NO, NO]),
    ],
)
def test_quotes(text, expected):
    assert verdicts(text) == expected


def test_a_quote_without_a_transcript_contradicts_nothing():
    assert verdicts('He says "where were you".', found=evidence(SHOWN)) == [OPEN]


def test_chinese_quotes_are_found_without_spaces():
    found = evidence(words="我没有什么好说的，你走吧。")
    assert verdicts("他说“没有什么好说的”。他说“我们走吧”。", found=found) == [YES, NO]


def test_a_claim_points_at_what_speaks_for_or_against_it():
    [face] = check_text("She smiles.", FOUND, peak=AT_PEAK)
    assert (face.modality, face.words, face.evidence) == ("face", "smiles", ("face.AU12",))
    assert (face.frame_index, face.start_s, face.end_s) == (7, 0.28, 0.28)
    [voice] = check_text("His voice is shrill.", FOUND, peak=AT_PEAK)
    assert (voice.modality, voice.evidence) == ("voice", ("voice.f0_median_hz",))
    assert (voice.frame_index, voice.start_s, voice.end_s) == (None, 0.3, 2.1)
    assert voice.reason == 'says "voice is shrill", but voice.f0_median_hz is 112'
    [quote] = check_text('He says "been".', FOUND)
    assert (quote.modality, quote.words, quote.evidence) == ("words", '"been"', ("words.text",))


def test_a_claim_that_cannot_be_compared_has_a_kind_where_its_words_show_one():
    kinds = [row.modality for row in check_text("Her tone is warm. It is odd.", FOUND)]
    assert kinds == ["voice", None]
    assert [row.modality for row in check_text("It is odd.", FOUND, about="scene")] == ["scene"]


def test_what_proxies_say_is_marked():
    found = FOUND.model_copy(update={"flags": ("proxy_action_units",)})
    smile, voice = check_text("She smiles. His voice is deep.", found, peak=AT_PEAK)
    assert smile.proxy
    assert not voice.proxy
