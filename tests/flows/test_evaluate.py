"""`merr evaluate`: what people type, what they read, what is written, and the exit code."""

import json

import pytest

from flows.cli import app
from flows.guard import guarded
from tests.chat.stand_in import Answer, StandIn

ANSWERS = """name,label,answer
a,happy,happy
b,happy,The person is happy.
c,sad,happy
d,sad,I cannot determine that.
e,angry,fear
f,neutral,neutral
"""


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
def answers(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text(ANSWERS, "utf-8")
    return path


def result(folder):
    return json.loads((folder / "evaluation.json").read_text("utf-8"))


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_table_of_answers_with_labels_is_scored(merr, answers, tmp_path):
    code, out, err = merr("evaluate", answers, "--benchmark", "mer2023", "--out", "figures")
    assert (code, err) == (0, "")
    assert "accuracy (WAR)  0.5000  [" in out
    assert "unreadable      0.1667  outside 1, refused 1" in out
    assert "as the original scores it: weighted F1" in out
    found = result(tmp_path / "figures")
    scores = found["labels"]["scores"]
    assert (scores["accuracy"], scores["unreadable"], scores["outside"]) == (0.5, 1 / 6, 1 / 6)
    assert found["labels"]["as_original"]["forced_neutral"] == 3  # "happy.", "that.", "fear"
    assert found["labels"]["as_original"]["accuracy"] == 2 / 6
    assert (found["benchmark"], found["clips"], found["model"]) == ("mer2023", 6, None)
    assert len(found["answers_digest"]) == 64


def test_every_answer_is_kept_with_what_it_was_taken_for(merr, answers, tmp_path):
    merr("evaluate", answers, "--benchmark", "mer2023", "--out", "figures")
    kept = {row["name"]: row for row in rows(tmp_path / "figures" / "answers.jsonl")}
    assert [(r["read"], r["why"], r["right"]) for r in kept.values()] == [
        ("happy", None, True),
        ("happy", None, True),
        ("happy", None, False),
        (None, "refused", False),
        (None, "outside", False),
        ("neutral", None, True),
    ]
    assert kept["d"]["answer"] == "I cannot determine that."


def test_the_same_answers_and_seed_give_the_same_bytes(merr, answers, tmp_path):
    for folder in ("one", "two"):
        merr("evaluate", answers, "--benchmark", "mer2023", "--out", folder, "--seed", 5)
    merr("evaluate", answers, "--benchmark", "mer2023", "--out", "three", "--seed", 6)
    one, two, three = (
        (tmp_path / folder / "evaluation.json").read_bytes() for folder in ("one", "two", "three")
    )
    assert one == two
    assert one != three


def test_labels_come_from_the_data_set_and_a_clip_without_an_answer_is_wrong(merr, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "test3-label.csv").write_text("name,discrete\na,happy\nb,sad\n")
    (tmp_path / "a.jsonl").write_text('{"name": "a", "answer": "happy", "label": "sad"}\n')
    command = ("evaluate", "a.jsonl", "--benchmark", "mer2023", "--data", "set", "--out", "f")
    code, out, _ = merr(*command)
    assert code == 0
    assert "mer2023: 2 clips of test3, 1 without an answer" in out
    found = result(tmp_path / "f")
    assert found["labels"]["scores"]["accuracy"] == 0.5
    assert found["labels"]["unread"] == {"empty": 1}
    assert (found["unanswered"], found["data"]["clips"], found["data"]["part"]) == (1, 2, "test3")
    (tmp_path / "a.jsonl").write_text('{"name": "x", "answer": "happy"}\n')
    code, _, err = merr(*command)
    assert code == 2
    assert "1 answers are to no clip of the data, e.g. 'x'" in err


def test_dfew_has_its_seven_labels_and_a_map_of_ones_own(merr, tmp_path):
    (tmp_path / "a.csv").write_text("name,label,answer\n1,fear,worried\n2,disgust,disgust\n")
    (tmp_path / "map.toml").write_text('[answers]\nworried = "fear"\n')
    command = ("evaluate", "a.csv", "--benchmark", "dfew", "--out", "f")
    merr(*command)
    scores = result(tmp_path / "f")["labels"]
    assert (scores["scores"]["uar"], scores["scores"]["outside"]) == (0.5, 0.5)
    assert scores["label_map"] == {"name": "dfew.toml", "answers": {}}
    merr(*command, "--label-map", "map.toml")
    scores = result(tmp_path / "f")["labels"]
    assert scores["scores"]["uar"] == 1
    assert scores["label_map"]["answers"] == {"worried": "fear"}
    (tmp_path / "map.toml").write_text('[answers]\nworried = "blue"\n')
    assert merr(*command, "--label-map", "map.toml")[0] == 2


def test_any_labels_can_be_scored_with_the_set_named(merr, tmp_path):
    (tmp_path / "a.csv").write_text("name,label,answer\n1,positive,pos\n2,negative,positive\n")
    command = ("evaluate", "a.csv", "--benchmark", "labels", "--out", "f")
    code, _, err = merr(*command)
    assert code == 2
    assert "--labels NAME" in err
    assert merr(*command, "--labels", "sentiment3")[0] == 0
    assert result(tmp_path / "f")["labels"]["scores"]["accuracy"] == 0.5
    code, _, err = merr(*command, "--labels", "dfew")
    assert code == 2
    assert "'positive' is none of happy, sad" in err


def test_lists_of_words_are_scored_at_every_level(merr, tmp_path):
    (tmp_path / "a.csv").write_text("name,label,answer\n1,\"['joy', 'odd']\",\"glad, angry\"\n")
    code, out, _ = merr("evaluate", "a.csv", "--benchmark", "mer-ov", "--out", "f")
    assert code == 0
    assert "plutchik.family" in out
    assert "words that no file knows: odd" in out
    levels = {one["level"]: one for one in result(tmp_path / "f")["words"]["levels"]}
    assert levels["group"]["precision"] == levels["group"]["recall"] == 0.5
    assert levels["plutchik.family"]["recall"] == 1


def judged(call):
    if "angry" in call.text:
        return Answer(None, refusal="no")
    fields = ("first_words", "second_words")
    if "first_state" in call.text:
        fields = ("first_state", "second_state")
    return Answer(json.dumps(dict.fromkeys(fields, "x") | {"score": 6, "reason": "so"}))


def test_descriptions_are_judged_once_and_what_the_judge_said_is_kept(merr, tmp_path):
    (tmp_path / "a.csv").write_text("name,label,answer\n1,He is sad.,He sighs.\n2,Joy.,Laughs.\n")
    with StandIn(judged) as server:
        command = ("evaluate", "a.csv", "--benchmark", "emer", "--out", "f")
        command += ("--set", f"judge.base_url={server.url}", "--set", "judge.model=referee")
        assert merr(*command)[0] == 0
        code, out, _ = merr(*command)
        assert code == 0
        assert len(server.calls) == 8
    assert "judge: referee at http://127.0.0.1" in out
    assert "clue overlap    6.00 [6.00, 6.00] over 2 clips" in out
    overlap = result(tmp_path / "f")["overlap"]
    assert overlap["judge"]["model"] == "referee"
    assert overlap["scale"] == [0, 10]
    assert len(rows(tmp_path / "f" / "judgements.jsonl")) == 8


def test_a_clip_that_was_not_judged_ends_the_command_with_1(merr, tmp_path):
    (tmp_path / "a.csv").write_text("name,label,answer\n1,He is sad.,So sad.\n2,Joy.,angry\n")
    with StandIn(judged) as server:
        command = ("evaluate", "a.csv", "--benchmark", "emer", "--out", "f")
        command += ("--set", f"judge.base_url={server.url}", "--set", "judge.model=referee")
        code, out, _ = merr(*command)
    assert code == 1
    assert "over 1 clips  not judged: RefusedError 1" in out
    clue = result(tmp_path / "f")["overlap"]["criteria"][0]
    assert (clue["score"], clue["failed"]) == (6, {"RefusedError": 1})


def test_without_a_judge_the_command_says_what_to_set(merr, tmp_path):
    (tmp_path / "a.csv").write_text("name,label,answer\n1,He is sad.,So sad.\n")
    code, _, err = merr("evaluate", "a.csv", "--benchmark", "emer", "--out", "f")
    assert code == 2
    assert "set judge.base_url or chat.base_url" in err


def test_a_table_without_labels_says_where_they_could_come_from(merr, tmp_path):
    (tmp_path / "a.csv").write_text("name,answer\n1,sad\n")
    code, _, err = merr("evaluate", "a.csv", "--benchmark", "mer2023", "--out", "f")
    assert code == 2
    assert "'1' has no label; give a column `label`, or the data set with --data" in err
