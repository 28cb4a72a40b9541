"""What people said comes into a release: labels, texts, what stays out, and how much they saw."""

import pytest

from pipeline.consensus import Opinions, PeopleLabel
from pipeline.folding import with_people
from pipeline.label import LabelSettings
from pipeline.release import publish
from pipeline.release_folder import read_manifest
from pipeline.release_tables import PEOPLE_TABLES
from pipeline.verify import verify
from schemas.label import Label
from schemas.parquet import read_rows
from schemas.review import PersonSaid
from schemas.sample import text_hash_of
from tests.pipeline.one_clip import decision, peak
from tests.pipeline.test_release import NAME, files_of, rows_of


def said(row, *people, labels=(), verdict=None, **changes):
    """The same of everybody named."""
    told = {
        "sample_id": row.sample_id,
        "clip_id": row.clip_id,
        "tier": "fine" if hasattr(row, "smp_reason_caption") else "coarse",
        "text_hash": row.text_hash,
        "labels": labels,
        "blind_labels": (),
        "intensity": None,
        "verdict": verdict,
        "reason": None,
        "edited_text": None,
        "adjudicated": False,
        "counted": True,
    }
    return [PersonSaid(**(told | {"person": person} | changes)) for person in people or ("r-1",)]


@pytest.fixture
def publishing(built, tmp_path):
    """Publishes with what is said; numbered versions."""
    versions = iter(range(1, 9))

    def publishing(*everything, **sections):
        version = f"0.{next(versions)}.0"
        opinions = [one for some in everything for one in some]
        chain = built.open(**sections)
        return publish(chain, to=tmp_path, **(NAME | {"version": version}), said=opinions).folder

    return publishing


@pytest.fixture
def rows(release):
    """(coarse, fine) of a clip that has both, as machines left them."""
    fine = rows_of(release, "fine")[0]
    coarse = next(row for row in rows_of(release, "coarse") if row.clip_id == fine.clip_id)
    return coarse, fine


def row_of(folder, table, clip_id):
    return next((row for row in rows_of(folder, table) if row.clip_id == clip_id), None)


def reviews(folder):
    return [
        row
        for path in sorted((folder / "reviews").glob("*.parquet"))
        for row in read_rows(path, PEOPLE_TABLES["reviews"])
    ]


def other(label):
    return "sad" if label != "sad" else "happy"


def test_without_reviews_a_release_is_byte_for_byte_what_it_was(built, release, tmp_path):
    again = publish(built.open(), to=tmp_path, **NAME, said=[]).folder
    assert files_of(again) == files_of(release)
    assert not (again / "reviews").exists()
    assert "reviews" not in read_manifest(again).rows
    assert "people" not in (again / "README.md").read_text()


def test_an_accepted_text_stays_and_the_label_becomes_the_peoples(publishing, rows):
    _, fine = rows
    folder = publishing(said(fine, "r-1", "r-2", labels=(fine.pseu_emotion,), verdict="accept"))
    assert verify(folder) == []
    kept = row_of(folder, "fine", fine.clip_id)
    assert kept == fine.model_copy(
        update={"label_source": "review", "label_policy": "review > given"}
    )
    assert row_of(folder, "coarse", fine.clip_id).label_source == "review"
    (review,) = reviews(folder)
    assert (review.text_state, review.label, review.label_share) == (
        "accepted", fine.pseu_emotion, 1.0,
    )  # fmt: skip
    assert [one.person for one in review.singles] == ["r-1", "r-2"]


def test_another_label_writes_the_texts_anew_from_the_same_evidence(publishing, rows):
    _, fine = rows
    label = other(fine.pseu_emotion)
    folder = publishing(said(fine, labels=(label,), verdict="accept"))
    assert verify(folder) == []
    kept = row_of(folder, "fine", fine.clip_id)
    assert (kept.pseu_emotion, kept.label_source) == (label, "review")
    assert f'a reviewer chose for this clip is "{label}"' in kept.conclusion
    assert kept.clues == fine.clues
    assert f'"{fine.pseu_emotion}"' not in kept.smp_reason_caption
    assert row_of(folder, "coarse", fine.clip_id).pseu_emotion == label
    assert row_of(folder, "evidence", fine.clip_id).label == label
    targets = {r.target for r in rows_of(folder, "instructions") if r.clip_id == fine.clip_id}
    assert targets >= {label, kept.smp_reason_caption}


def test_a_text_that_was_rejected_for_its_label_is_not_the_one_written_for_the_new(
    publishing, rows
):
    _, fine = rows
    label = other(fine.pseu_emotion)
    folder = publishing(said(fine, labels=(label,), verdict="reject", reason="wrong_label"))
    kept = row_of(folder, "fine", fine.clip_id)
    assert (kept.pseu_emotion, "text_edited" in kept.flags) == (label, False)
    assert reviews(folder)[0].text_state == "rejected"  # of the text of the build


def test_an_edited_text_takes_the_place_of_the_machines(publishing, rows):
    _, fine = rows
    text = "She smiles only with her mouth."
    edit = said(fine, labels=(fine.pseu_emotion,), verdict="edit", edited_text=text)
    folder = publishing(edit)
    kept = row_of(folder, "fine", fine.clip_id)
    assert (kept.smp_reason_caption, kept.text_hash) == (text, text_hash_of(text))
    assert (kept.conclusion, kept.claims, kept.made_by.engine) == (None, None, "people")
    assert "text_edited" in kept.flags
    assert reviews(folder)[0].machine_text == fine.smp_reason_caption
    assert verify(folder) == []


def test_a_rejected_fine_text_stays_out_and_the_books_say_so(publishing, rows):
    _, fine = rows
    folder = publishing(said(fine, verdict="reject", reason="invented"))
    assert row_of(folder, "fine", fine.clip_id) is None
    assert row_of(folder, "coarse", fine.clip_id) is not None
    assert read_manifest(folder).rejected["publish/review_rejected"] == 1
    assert verify(folder) == []


def test_a_rejected_caption_is_taken_out_of_its_row(publishing, rows):
    coarse, _ = rows
    folder = publishing(said(coarse, verdict="reject", reason="invented"))
    kept = row_of(folder, "coarse", coarse.clip_id)
    assert (kept.caption, kept.text_hash) == (None, None)
    assert verify(folder) == []


def test_a_decision_on_another_text_says_nothing_of_this_one(publishing, rows):
    _, fine = rows
    old = said(fine, verdict="reject", labels=(fine.pseu_emotion,), text_hash="of another text")
    folder = publishing(old)
    kept = row_of(folder, "fine", fine.clip_id)
    assert kept.smp_reason_caption == fine.smp_reason_caption
    assert kept.label_source == "review"  # a label follows the clip
    (review,) = reviews(folder)
    assert (review.text_state, review.singles[0].same_text) == ("unseen", False)


def test_people_who_do_not_agree_change_nothing_and_are_all_told(publishing, rows):
    _, fine = rows
    folder = publishing(
        said(fine, "r-1", labels=("sad",), verdict="accept"),
        said(fine, "r-2", labels=("angry",), verdict="reject"),
    )
    assert row_of(folder, "fine", fine.clip_id) == fine
    (review,) = reviews(folder)
    assert (review.text_state, review.label) == ("disputed", None)
    assert {one.labels for one in review.singles} == {("sad",), ("angry",)}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (LabelSettings(), ("sad", "review")),
        (LabelSettings(order=("given",)), ("happy", "given")),
        (LabelSettings(au_filter=True), ("sad", "review")),  # for labels nobody looked at
    ],
)
def test_peoples_label_is_one_opinion_of_the_policy(settings, told):
    given = Label(
        clip_id="c", label="happy", weight=1.0, source="given", version="a.csv", confidence=None
    )
    old = decision("happy").model_copy(update={"opinions": (given,)})
    new = with_people(old, PeopleLabel("sad", 1.0), peak({"AU12": 2.0}), settings)
    assert (new.label, new.source) == told


def test_card_and_report_say_how_much_people_saw(publishing, rows):
    coarse, fine = rows
    folder = publishing(
        said(fine, "r-1", "r-2", labels=(fine.pseu_emotion,), verdict="accept"),
        said(coarse, "r-1", verdict="cannot_tell"),
    )
    samples = sum(read_manifest(folder).rows[t] for t in ("coarse", "fine"))
    for page in ("README.md", "report.html"):
        text = (folder / page).read_text()
        assert f"2 people reviewed 2 of the samples of this release, which holds {samples}" in text
        assert "1 accepted" in text
        assert "1 not to be judged" in text
    assert "reviews/" in (folder / "README.md").read_text()


def test_the_last_word_of_a_lead_decides_alone(rows):
    _, fine = rows
    votes = Opinions(
        tuple(
            [
                *said(fine, "r-1", "r-2", "r-3", labels=("sad",), verdict="reject"),
                *said(fine, "r-4", labels=("happy",), verdict="accept", adjudicated=True),
            ]
        )
    )
    assert votes.label_of(fine.clip_id).label == "happy"
    assert votes.label_of(fine.clip_id).share == 0.25
    assert votes.text_of(fine.sample_id, fine.text_hash).state == "accepted"


def test_a_sample_that_waits_for_more_reviews_decides_nothing(rows):
    _, fine = rows
    votes = Opinions(tuple(said(fine, labels=("sad",), verdict="reject", counted=False)))
    assert votes.label_of(fine.clip_id) is None
    assert votes.text_of(fine.sample_id, fine.text_hash).state == "unseen"
