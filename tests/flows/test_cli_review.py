"""`merr review`: what leads type, what they read, and what comes into the release."""

import json

import pytest

from flows.cli import app
from flows.guard import guarded
from flows.reviewing import agreement_text
from pipeline.release_folder import read_manifest
from pipeline.verify import verify
from review.agreement import measure
from review.deciding import decide, label_blind
from review.people import person_named
from review.queues import queue_named
from review.store import open_store
from review.votes import Votes
from schemas.review import ClaimMark
from tests.review.office import accepted, ticket


@pytest.fixture
def merr(capsys, monkeypatch, tmp_path):
    """Run a command in this process: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        code = guarded(lambda: app(words, prog_name="merr"), debug=False)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def work(workshop):
    return workshop.work.root


@pytest.fixture
def store(work):
    store = open_store(None, default=work / "review.sqlite")
    yield store
    store.close()


def review_all(store, names, queue_name, label):
    """Everybody reviews everything, blind, and accepts the text."""
    queue = queue_named(store, queue_name)
    for name in names:
        who = person_named(store, name)
        while not hasattr(found := _next(store, who, queue), "why"):
            shown = label_blind(store, who, ticket(found), (label,), 3)
            decide(store, who, ticket(shown), accepted(label))


def _next(store, who, queue):
    from review.handout import next_item

    return next_item(store, who, queue.queue_id)


def test_from_a_queue_to_a_release_that_says_what_people_saw(merr, work, store, tmp_path):
    code, out, err = merr("review", "queue", work, "--name", "first", "--tier", "fine",
                          "--reviews", "2", "--seed", "1")  # fmt: skip
    assert (code, err) == (0, "")
    count = int(out.split()[2])
    assert out == f"queue first: {count} samples came new, {count} are in it\n"
    for name in ("ann", "ben"):
        code, out, _ = merr("review", "invite", work, name)
        assert code == 0
        assert f"{name} (annotator) may set a password once" in out
        assert out.splitlines()[-1].startswith("/invite#")
    review_all(store, ("ann", "ben"), "first", "happy")
    code, out, _ = merr("review", "status", work)
    assert f"first: {count} of {count} samples done" in out
    assert "ann (r-" in out
    code, out, _ = merr("review", "agreement", work)
    assert (code, f"by 2 people, {count} clips" in out) == (0, True)
    assert f"{2 * count} labels" not in out  # blind labels count, so none is left out
    code, out, _ = merr("publish", work, "--to", "to", "--name", "m", "--version", "0.1.0")
    assert code == 0
    folder = tmp_path / "to" / "m" / "0.1.0"
    assert verify(folder) == []
    assert read_manifest(folder).rows["reviews"] == count
    assert f"2 people reviewed {count}" in (folder / "README.md").read_text()


def test_what_people_said_goes_out_and_comes_back(merr, work, store, tmp_path):
    merr("review", "queue", work, "--name", "q", "--mode", "judge")
    code, out, err = merr("review", "export", work, "--format", "argilla", "--to", "out")
    assert (code, "--queue NAME" in err) == (2, True)
    merr("review", "export", work, "--format", "argilla", "--to", "out", "--queue", "q")
    records = json.loads((tmp_path / "out" / "records.json").read_text())
    for record in records:
        record["responses"] = {
            "labels": [{"value": ["sad"], "user_id": "u"}],
            "verdict": [{"value": "accept", "user_id": "u"}],
        }
    (tmp_path / "back.json").write_text(json.dumps(records))
    code, out, _ = merr("review", "import", work, "back.json", "--format", "argilla",
                        "--queue", "q")  # fmt: skip
    assert (code, out) == (0, f"{len(records)} answers in back.json\n  {len(records)} stored\n")
    code, out, _ = merr("review", "export", work, "--format", "decisions", "--to", "d.parquet")
    assert out == f"{len(records)} events in d.parquet\n"
    assert merr("review", "export", work, "--format", "preferences", "--to", "p.csv")[0] == 0


def test_practice_needs_known_answers_and_a_comparison_another_release(merr, work, tmp_path):
    code, _, err = merr("review", "queue", work, "--name", "p", "--kind", "practice")
    assert (code, "--gold TABLE" in err) == (2, True)
    (tmp_path / "gold.csv").write_text("clip,label,note\nsmile.mp4,happy,the eyes\n")
    code, out, _ = merr("review", "queue", work, "--name", "p", "--kind", "practice",
                        "--gold", "gold.csv", "--tier", "coarse")  # fmt: skip
    assert (code, out) == (0, "queue p: 1 samples came new, 1 are in it\n")
    code, _, err = merr("review", "queue", work, "--name", "ab", "--mode", "ab")
    assert (code, "--against RELEASE" in err) == (2, True)
    (tmp_path / "gold.csv").write_text("clip,label\nsmile.mp4,blissful\n")
    code, _, err = merr("review", "queue", work, "--name", "x", "--gold", "gold.csv")
    assert (code, "line 2" in err) == (2, True)


def test_a_lead_pauses_resumes_settles_and_hands_over(merr, work, store):
    merr("review", "queue", work, "--name", "q", "--reviews", "2")
    for name in ("ann", "ben"):
        merr("review", "invite", work, name)
    assert merr("review", "pause", work, "q")[1] == "queue q is paused\n"
    assert merr("review", "resume", work, "q")[1] == "queue q is open\n"
    review_all(store, ("ann",), "q", "happy")
    review_all(store, ("ben",), "q", "sad")
    code, out, _ = merr("review", "settle", work, "q")
    assert (code, "disagreements came new" in out) == (0, True)
    code, out, _ = merr("review", "hand-over", work, "q", "--of", "ann", "--to", "ben")
    assert (code, out) == (0, "queue q: 0 drafts of ann are now with ben\n")
    code, _, err = merr("review", "pause", work, "nothing")
    assert (code, err) == (2, "merr: there is no queue nothing\n")


def test_a_folder_that_is_no_work_folder_is_named(merr, tmp_path):
    code, _, err = merr("review", "status", "nowhere")
    assert (code, "nowhere: is no folder" in err) == (2, True)
    code, _, err = merr("review", "queue", tmp_path, "--name", "q")
    assert (code, "is no work folder of merr" in err) == (2, True)


def test_agreement_on_marks_says_what_it_was_counted_over():
    claims = (("supported", "supported"), ("supported", "contradicted"), ("supported", None))
    marks = [
        (ClaimMark(claim=str(i), verdict=verdict, machine=machine), i == 0)
        for i, (verdict, machine) in enumerate(claims)
    ]
    told = agreement_text(measure(Votes(marks=tuple(marks))))
    assert told.splitlines()[-1] == (
        "marks of claims          raw 50.0% with the machine, over 2 of 3 marks; "
        "1 set with its marks in view"
    )
    assert "marks of claims" not in agreement_text(measure(Votes()))
