"""Claims are marked by people, too: kept for ever, beside what the machine said."""

import pytest
from sqlalchemy import create_engine, text

from review.adjudicating import adjudicate
from review.agreement import agreement
from review.deciding import decide, label_blind
from review.errors import InvalidError
from review.exporting import export_decisions
from review.history import all_events, own_history, versions_of
from review.marks import machine_marks
from review.queues import Entry
from review.store import open_store
from review.undoing import undo
from schemas.clues import ClaimCheck, Clue
from schemas.parquet import read_rows
from schemas.review import Answer, ClaimMark, Decision
from tests.review.office import accepted, handed, person, queue_of, sample, ticket


def check(claim, verdict, words="x"):
    return ClaimCheck(
        clue=0, claim=claim, modality="face", words=words, verdict=verdict, evidence=(),
        frame_index=None, start_s=None, end_s=None, proxy=False, reason=None,
    )  # fmt: skip


CLAIMS = (
    check("the brows rise", "supported"),
    check("the lips part", "contradicted"),
    check("she is a nurse", "unverifiable", None),
)


def marked(**verdicts):
    names = {"brows": "the brows rise", "lips": "the lips part", "nurse": "she is a nurse"}
    return tuple(ClaimMark(claim=names[name], verdict=said) for name, said in verdicts.items())


@pytest.fixture
def queue(store):
    return queue_of(store, [sample(0, claims=CLAIMS)], reviews=2)


def test_a_mark_is_kept_beside_the_machines_whatever_the_page_says_of_that(store, queue, tmp_path):
    ann = person(store)
    forged = ClaimMark(claim="the lips part", verdict="supported", machine="supported")
    answer = accepted(marks=(forged, *marked(brows="supported")))
    decide(store, ann, ticket(handed(store, ann, queue)), answer)
    export_decisions(store, tmp_path / "d.parquet")
    told = [("the lips part", "supported", "contradicted")]
    told += [("the brows rise", "supported", "supported")]
    for events in (own_history(store, ann), read_rows(tmp_path / "d.parquet", Decision)):
        assert [(m.claim, m.verdict, m.machine) for m in events[0].marks] == told


def test_a_decision_without_marks_has_none(store, queue):
    ann = person(store)
    decide(store, ann, ticket(handed(store, ann, queue)), accepted())
    assert [event.marks for event in all_events(store)] == [()]


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        (marked(brows="supported") * 2, "marked twice"),
        ((ClaimMark(claim="a claim of nobody", verdict="supported"),), "is no claim of this text"),
    ],
)
def test_a_mark_that_fits_no_claim_is_refused_and_nothing_is_stored(store, queue, marks, why):
    ann = person(store)
    with pytest.raises(InvalidError, match=why):
        decide(store, ann, ticket(handed(store, ann, queue)), accepted(marks=marks))
    assert list(all_events(store)) == []


def test_two_texts_that_are_compared_have_no_claims_to_mark(store):
    ann = person(store)
    entry = Entry(sample(0, claims=CLAIMS), sample(0, text="Other.", claims=CLAIMS))
    ab = queue_of(store, [entry], mode="ab")
    answer = Answer(preference="a1", marks=marked(brows="supported"))
    with pytest.raises(InvalidError, match="none is judged"):
        decide(store, ann, ticket(handed(store, ann, ab)), answer)


def test_what_was_taken_back_comes_again_with_its_marks(store, queue):
    ann = person(store)
    answer = accepted(marks=marked(nurse="contradicted"))
    made = decide(store, ann, ticket(handed(store, ann, queue)), answer)
    again = undo(store, ann, made.event_id, "u")
    assert [m.verdict for m in again.draft.answer.marks] == ["contradicted"]
    assert [len(event.marks) for event in all_events(store)] == [1, 0]


def test_before_a_blind_label_there_is_no_claim_to_see(store):
    ann = person(store)
    queue = queue_of(store, [sample(0, claims=CLAIMS)], mode="label_first")
    first = handed(store, ann, queue)
    assert first.told is None
    after = label_blind(store, ann, ticket(first), ("happy",), None)
    assert after.told.claims == CLAIMS
    decide(store, ann, ticket(after), accepted(marks=marked(lips="contradicted")))
    assert [len(event.marks) for event in all_events(store)] == [0, 1]


def test_a_lead_sees_the_marks_of_all_versions(store, queue):
    for name, said, verdict in (("ann", "supported", "accept"), ("bo", "contradicted", "reject")):
        who = person(store, name)
        answer = accepted(verdict=verdict, reason="other", marks=marked(brows=said))
        decide(store, who, ticket(handed(store, who, queue)), answer)
    lea = person(store, "lea", "lead")
    own, new = adjudicate(store, queue)
    item = handed(store, lea, own)
    versions = versions_of(store, lea, item.item_id)
    assert new == 1
    assert [v.marks[0].verdict for v in versions] == ["supported", "contradicted"]


@pytest.mark.parametrize(
    ("first", "second", "disputed"),
    [
        ({"brows": "supported"}, {"brows": "contradicted"}, 1),
        ({"brows": "supported"}, {"brows": "supported", "lips": "contradicted"}, 0),
        ({"brows": "supported"}, {}, 0),
    ],
)
def test_a_claim_marked_in_two_ways_is_a_disagreement(store, queue, first, second, disputed):
    for name, said in (("ann", first), ("bo", second)):
        answer = accepted(marks=marked(**said))
        decide(store, who := person(store, name), ticket(handed(store, who, queue)), answer)
    assert adjudicate(store, queue)[1] == disputed


def test_agreement_with_the_machine_is_counted_where_both_have_a_mark(store):
    ann = person(store)
    clue = Clue(claim="somebody laughs", modality="voice", evidence=("voice.level",))
    queue = queue_of(store, [sample(0, claims=CLAIMS), sample(1, clues=(clue,))])
    by_claims = {
        len(CLAIMS): (marked(brows="supported", lips="supported"), True),
        0: ((ClaimMark(claim="somebody laughs", verdict="supported"),), False),
    }
    for _ in range(2):
        item = handed(store, ann, queue)
        marks, seen = by_claims[len(item.told.claims or ())]
        decide(store, ann, ticket(item), accepted(marks=marks, saw_marks=seen))
    found = agreement(store).marks
    assert (found.marks, found.compared, found.anchored, found.raw) == (3, 2, 2, 0.5)


def test_one_contradicted_thing_contradicts_a_claim_and_one_supported_supports_it():
    checks = (check("a", "contradicted"), check("a", "supported"), check("b", "supported"))
    told = sample(0, claims=(*checks, check("b", "unverifiable"))).told
    assert machine_marks(told) == {"a": "contradicted", "b": "supported"}


def test_decisions_from_before_marks_are_kept_as_they_were(database):
    """A database of the first tables, with an event in it, is brought up to date."""
    url, path = database
    store = open_store(url, default=path)
    ann = person(store)
    queue = queue_of(store)
    decide(store, ann, ticket(handed(store, ann, queue)), accepted())
    before = list(all_events(store))
    engine = create_engine(store.engine.url)
    with engine.begin() as db:
        db.execute(text("ALTER TABLE events DROP COLUMN marks_json"))
        db.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    store.close()
    store = open_store(url, default=path)
    assert list(all_events(store)) == before
    store.close()
