"""Imports: MERR's files become samples; nothing is guessed, nothing dropped without a word."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from flows.importing import import_merr
from pipeline.import_books import ImportBooks
from pipeline.imports import Imports
from pipeline.merr_import import MerrFiles
from pipeline.merr_samples import ImportSettings
from pipeline.release import publish
from pipeline.release_folder import read_manifest
from pipeline.settings import Settings
from pipeline.split import split_of
from pipeline.verify import verify
from schemas.clip import declared_ids
from schemas.errors import SetupError
from schemas.parquet import read_rows
from schemas.record import ReleasedCoarse
from schemas.release import Outcome
from tests.pipeline.merr_house import (
    DIRTY,
    TRANSCRIPTS,
    MerrHouse,
    coarse_entry,
    fine_entry,
    tables,
    write_list,
)


@pytest.fixture
def house(tmp_path):
    return MerrHouse(tmp_path)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory):
    """Both dirty files, imported and published once. Look at it, change nothing."""
    made = MerrHouse(tmp_path_factory.mktemp("dirty")).add_dirty()
    made.publish()
    return made


def clean(**values) -> Settings:
    return Settings(imports=ImportSettings(**values))


def rejected(house):
    return {o.id: (o.rule, o.reason) for o in house.chain.imports.rejected}


# ---- rows


def test_a_fine_entry_becomes_a_fine_row_with_its_words_and_a_coarse_row_without_a_caption(house):
    entry = fine_entry()
    house.add_entries(a=entry)
    coarse, fine = house.row("a"), house.fine("a")
    assert fine.smp_reason_caption == entry["smp_reason_caption"]
    assert (fine.mode, fine.clues, fine.conclusion) == ("told", (), None)
    assert (coarse.AU_list, coarse.peak_AU_list) == (("AU12",), ("AU06", "AU12"))
    assert (coarse.peak_index, coarse.text, coarse.audio_prior_list) == (37, "We did it!", "joyful")
    assert (coarse.caption, coarse.text_hash, coarse.unread_json) == (None, None, None)
    assert {row.made_by.engine for row in (coarse, fine)} == {"merr-import"}
    assert {row.pseu_emotion for row in (coarse, fine)} == {"happy"}
    assert (coarse.flags, fine.flags) == (("imported",), ("imported",))


def test_what_nobody_measured_is_none(house):
    row = house.add_entries(a=fine_entry()).row("a")
    unknown = ("peak_t_s", "peak_aus", "peak_rule", "label_seen_at_peak", "visual_objective")
    assert {getattr(row, column) for column in (*unknown, "frames", "valence")} == {None}


def test_ids_come_from_the_name_alone(house):
    row = house.add_entries(a=fine_entry()).row("a")
    assert (row.video_id, row.clip_id) == declared_ids("a")
    assert row.identity == "declared"
    assert declared_ids("a") != declared_ids("b")


def test_the_tiers_of_one_name_are_one_clip_and_each_keeps_its_label(house):
    house.add(house.write("fine.json", {"a": fine_entry(pseu_emotion="sad", peak_index="5")}))
    house.add(house.write("coarse.json", {"a": coarse_entry(audio_prior_list=...)}))
    coarse, fine = house.row("a"), house.fine("a")
    assert (coarse.pseu_emotion, fine.pseu_emotion) == ("happy", "sad")
    assert (coarse.peak_index, coarse.audio_prior_list) == (37, "joyful")
    assert json.loads(coarse.unread_json) == {"fine": {"json": {"peak_index": "5"}}}
    assert "import_tiers_differ" in coarse.flags


def test_the_order_of_imports_decides_nothing(tmp_path):
    files = [
        MerrFiles(DIRTY / f"{tier}.json", (DIRTY / f"{tier}.txt",), TRANSCRIPTS)
        for tier in ("fine", "coarse")
    ]
    releases = []
    for name, order in (("one", files), ("two", files[::-1])):
        house = MerrHouse(tmp_path / name)
        for file in order:
            house.add(file)
        releases.append(house.publish())
    assert tables(releases[0]) == tables(releases[1])
    assert read_manifest(releases[0]).digest == read_manifest(releases[1]).digest


def test_both_files_in_one_command_are_as_good_as_in_two(house, dirty):
    lists = (DIRTY / "coarse.txt", DIRTY / "fine.txt")
    house.add(*(MerrFiles(DIRTY / f"{t}.json", lists, TRANSCRIPTS) for t in ("coarse", "fine")))
    assert tables(house.publish()) == tables(dirty.root / "to" / "m" / "0.1.0")


def test_an_entry_with_both_texts_is_in_both_tiers(house):
    house.add_entries(a=fine_entry(caption="A woman by a window."))
    assert house.row("a").caption == "A woman by a window."
    assert house.fine("a") is not None


# ---- lists and transcripts


def listed(house, line, **entry):
    path = write_list(house.root / "list.txt", [line])
    file = house.write("fine.json", {"a": fine_entry(**entry)})
    house.add(MerrFiles(file.json_file, (path,)))
    return house


@pytest.mark.parametrize(
    ("line", "frames", "valence", "unread"),
    [
        ("a 65 happy 0.6", 65, 0.6, None),
        ("a 65 happy -10", 65, None, None),
        ("a 65 happy", 65, None, None),
        ("a -10 happy 1", None, 1.0, None),
        ("a many happy 0.6", None, 0.6, {"count": "many"}),
        ("a 0 happy high", None, None, {"count": "0", "valence": "high"}),
        ("a 65 happy nan", 65, None, {"valence": "nan"}),
    ],
)
def test_a_list_gives_frames_and_valence(house, line, frames, valence, unread):
    row = listed(house, line).row("a")
    assert (row.frames, row.valence) == (frames, valence)
    told = json.loads(row.unread_json) if row.unread_json else None
    assert told == (None if unread is None else {"fine": {"list": unread}})


def test_a_list_that_gives_another_label_sets_the_clip_aside(house):
    house = listed(house, "a 65 sad 0.6")
    assert rejected(house) == {
        declared_ids("a")[1]: (
            "label_conflict",
            "a: a list says 'sad', the JSON happy; mend one of them",
        )
    }


def test_a_list_gives_the_label_that_the_json_lacks(house):
    assert listed(house, "a 65 sad 0.6", pseu_emotion=...).fine("a").pseu_emotion == "sad"


def test_words_come_from_the_json_else_from_the_transcripts_and_differences_are_kept(house):
    csv = write_list(house.root / "t.csv", ["name,sentence", "a,Hello.", "b,Hello.", "c, Hello. "])
    entries = {
        "a": fine_entry(text=...),
        "b": fine_entry(text="Goodbye."),
        "c": fine_entry(text=" Hello. "),
    }
    house.add(MerrFiles(house.write("fine.json", entries).json_file, (), csv))
    assert [house.row(name).text for name in "abc"] == ["Hello.", "Goodbye.", " Hello. "]
    assert json.loads(house.row("b").unread_json) == {"fine": {"sentence": "Hello."}}
    assert house.row("c").unread_json is None


def test_of_two_sentences_the_first_is_taken_as_emotion_llama_does(house):
    csv = write_list(house.root / "t.csv", ["name,sentence", "a,First.", "a,Second.", "a,"])
    file = house.write("fine.json", {"a": fine_entry(text=...)})
    house.add(MerrFiles(file.json_file, (), csv))
    assert house.row("a").text == "First."
    found = {d.kind: d.count for d in house.chain.imports.files[0].dirt}
    assert (found["other_sentence_left_out"], found["empty_sentence"]) == (1, 1)


# ---- what falls out


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("see above", "bad_entry"),
        (["x"], "bad_entry"),
        (fine_entry(smp_reason_caption=""), "no_text"),
        (fine_entry(smp_reason_caption=["x"]), "no_text"),
        (fine_entry(smp_reason_caption=...), "no_text"),
        (fine_entry(pseu_emotion="unknown"), "unknown_label"),
        (fine_entry(pseu_emotion=...), "no_label"),
    ],
)
def test_what_cannot_be_a_sample_is_rejected_with_its_reason(house, entry, rule):
    house.add_entries(a=entry, b=fine_entry())
    assert {clip: why for clip, (why, _) in rejected(house).items()} == {declared_ids("a")[1]: rule}
    assert house.fine("b") is not None


def test_a_name_that_stands_twice_is_taken_once_if_it_says_the_same_else_not_at_all(house):
    path = house.root / "f.json"
    a, b = json.dumps(fine_entry()), json.dumps(fine_entry(pseu_emotion="sad"))
    path.write_text(f'{{"same": {a}, "same": {a}, "other": {a}, "other": {b}}}')
    house.add(MerrFiles(path))
    assert house.fine("same") is not None
    assert [rule for rule, _ in rejected(house).values()] == ["duplicate_name"]


def test_two_files_that_say_other_things_of_a_name_set_it_aside(house):
    house.add(house.write("one.json", {"a": fine_entry(), "b": fine_entry(text="B.")}))
    house.add(house.write("two.json", {"a": fine_entry(text="Other."), "b": fine_entry(text="B.")}))
    assert [rule for rule, _ in rejected(house).values()] == ["duplicate_name"]
    assert house.fine("b") is not None


def test_a_bad_entry_in_one_file_does_not_cost_the_good_one_of_another(house):
    house.add(house.write("coarse.json", {"a": "see fine", "b": coarse_entry()}))
    house.add(house.write("fine.json", {"a": fine_entry()}))
    assert rejected(house) == {}
    assert house.fine("a") is not None


@pytest.mark.parametrize("name", ["", " ", "\ud800", "a\0"])
def test_a_name_that_cannot_be_written_is_rejected(house, name):
    house.add_entries(**{name: fine_entry(), "b": fine_entry()})
    assert [rule for rule, _ in rejected(house).values()] == ["bad_name"]


# ---- dirt of texts


REFUSAL = "I cannot provide an explanation for this person's state."


def test_dirty_texts_are_kept_and_flagged(house):
    house.add_entries(
        a=fine_entry(smp_reason_caption=REFUSAL, audio_prior_list="None of the listed emotions.")
    )
    assert house.fine("a").smp_reason_caption == REFUSAL
    assert house.fine("a").flags == ("imported", "smp_reason_caption:refusal")
    assert house.row("a").flags == ("imported", "audio_prior_list:no_listed_emotion")


def test_dirty_texts_are_left_out_where_the_policy_says_so_and_do_not_come_back(house):
    house = replace(house, settings=clean(dirty_texts="leave_out"))
    house.add_entries(
        a=fine_entry(smp_reason_caption=REFUSAL, audio_prior_list=["你怎么还不走"]),
        b=fine_entry(caption=REFUSAL),
    )
    assert house.fine("a") is None
    assert [(o.stage, o.rule) for o in house.chain.imports.without_fine] == [("fine", "dirty_text")]
    assert (house.row("a").audio_prior_list, house.row("b").caption) == (None, None)
    assert "audio_prior_list:transcript_as_tone" in house.row("a").flags
    words = "".join(row.model_dump_json() for row in tables(house.publish())["coarse"])
    assert "你怎么还不走" not in words
    assert REFUSAL not in words


def test_people_in_a_clip_may_say_what_a_model_may_not(house):
    assert house.add_entries(a=fine_entry(text=REFUSAL)).row("a").flags == ("imported",)


# ---- again


def parts(house):
    return {path.name: path.stat().st_mtime_ns for path in house.work.imports.iterdir()}


def test_importing_again_makes_nothing(house):
    file = house.write("fine.json", {"a": fine_entry()})
    assert house.add(file) is True
    before = parts(house)
    assert house.add(file) is False
    assert parts(house) == before


def test_a_changed_file_takes_the_place_of_what_it_was(house):
    house.add(house.write("fine.json", {"a": fine_entry()}))
    house.add(house.write("fine.json", {"b": fine_entry()}))
    assert [row.name for row in house.chain.imports.coarse] == ["b"]


def test_another_policy_makes_the_samples_anew(house):
    house.add_entries(a=fine_entry(smp_reason_caption=REFUSAL))
    again = replace(house, settings=clean(dirty_texts="leave_out"))
    again.add_entries(a=fine_entry(smp_reason_caption=REFUSAL))
    assert again.fine("a") is None


def test_files_of_the_same_name_are_told_apart_by_their_folder(house):
    house.add(house.write("x/fine.json", {"a": fine_entry()}))
    house.add(house.write("y/fine.json", {"b": fine_entry()}))
    assert [file.name for file in house.chain.imports.files] == ["fine.json", "y/fine.json"]
    with pytest.raises(SetupError, match=r"y/fine\.json is imported"):
        house.add(house.write("z/y/fine.json", {"c": fine_entry()}))


def test_a_file_that_is_refused_changes_nothing(house):
    house.add(house.write("fine.json", {"a": fine_entry()}))
    before = parts(house)
    with pytest.raises(SetupError, match="is no MERR file"):
        house.add(house.write("b.json", {"b": fine_entry()}), house.write("no.json", {"a": 1}))
    assert [row.name for row in house.chain.imports.coarse] == ["a"]
    assert before.items() <= parts(house).items()


@pytest.mark.parametrize("beside", [{"lists": True}, {"transcripts": True}])
def test_a_table_that_is_not_there_is_named(house, beside):
    file = house.write("fine.json", {"a": fine_entry()}).json_file
    gone = house.root / "gone.csv"
    lists, csv = ((gone,) if "lists" in beside else (), gone if "transcripts" in beside else None)
    with pytest.raises(SetupError, match=r"there is no file .*gone\.csv"):
        house.add(MerrFiles(file, lists, csv))


def test_a_damaged_ledger_is_told(house):
    house.add_entries(a=fine_entry())
    (house.work.imports / "imports.json").write_text("{")
    with pytest.raises(SetupError, match="is damaged or of another merr"):
        _ = Imports(house.work).files


# ---- books and release


def test_the_books_tell_every_kind_of_dirt_of_every_file(dirty):
    coarse, fine = dirty.chain.imports.files
    assert (coarse.records, fine.records) == (3, 7)
    assert {d.kind: d.count for d in fine.dirt} == {
        "comment": 2,
        "empty_smp_reason_caption": 1,
        "list_cell_is_no_number": 1,
        "not_in_list": 3,
        "not_in_transcripts": 3,
        "other_form_of_peak_AU_list": 1,
        "other_form_of_peak_index": 1,
        "raw_line_end": 1,
        "sentence_differs_from_text": 1,
        "spare_comma": 1,
        "unknown_key": 1,
        "unreadable_pseu_emotion": 1,
    }
    assert {d.kind for d in coarse.dirt} >= {"no_number", "other_form_of_pseu_emotion"}


def test_every_name_is_a_clip_with_one_outcome(dirty):
    books = ImportBooks.of(dirty.chain.imports)
    assert (books.clips, books.coarse, books.fine) == (8, 5, 4)
    assert books.rejected == {"bad_entry": 1, "no_text": 1, "unknown_label": 1}
    release = dirty.root / "to" / "m" / "0.1.0"
    outcomes = [o for path in (release / "books").iterdir() for o in read_rows(path, Outcome)]
    states = Counter((o.subject, o.state, o.tier) for o in outcomes)
    assert states["clip", "released", "fine"] == 4
    assert states["clip", "released", "coarse"] == 1
    assert states["clip", "rejected", None] == 3
    assert states["file", "released", "fine"] == 2
    details = {o.id: o.detail for o in outcomes if o.subject == "file"}
    assert details["fine.json"].startswith("7 entries; dirt: comment 2, ")


def test_a_file_without_a_sample_is_rejected_in_the_books(house):
    house.add(house.write("none.json", {"x": fine_entry(pseu_emotion="?")}))
    with pytest.raises(SetupError, match="no clip has a sample"):
        house.publish()
    house.add(house.write("one.json", {"a": fine_entry()}))
    release = house.publish()
    states = read_manifest(release).states
    assert states["file"] == {"rejected": 1, "released": 1}
    assert verify(release) == []


def test_an_imported_release_is_whole_and_says_that_nothing_was_measured(dirty):
    release = dirty.root / "to" / "m" / "0.1.0"
    manifest = read_manifest(release)
    assert verify(release) == []
    assert manifest.media == "reference"
    assert manifest.found == {"clip": 8, "file": 2, "label": 3, "video": 0}
    assert [(use.stage, use.engine) for use in manifest.engines] == [("import", "merr-import")]
    assert "nobody stated a licence" in manifest.licence
    assert "Rows flagged `imported`" in (release / "README.md").read_text()
    page = (release / "report.html").read_text()
    assert "samplenew_00000001" in page
    assert "peak at" not in page


def test_evidence_holds_what_the_files_say_and_no_more(dirty):
    rows = {row.name: row for row in tables(dirty.root / "to" / "m" / "0.1.0")["evidence"]}
    record = rows["samplenew_00000001"]
    assert {item.key: item.text for item in record.items} == {
        "face.AU06": "cheek raiser",
        "face.AU12": "lip corner puller",
        "face.AU25": "lips part",
        "voice.description": "joyful",
        "words.text": "We did it, all of us!",
    }
    assert {item.value for item in record.items} == {None}
    assert (record.duration_s, record.speaker, record.peak_frame, record.audio) == (None,) * 4


def test_instructions_ask_only_for_texts_that_there_are(dirty):
    rows = tables(dirty.root / "to" / "m" / "0.1.0")["instructions"]
    asked = Counter((row.tier, row.task) for row in rows)
    assert asked == {("coarse", "emotion"): 5, ("coarse", "reason"): 3, ("fine", "reason"): 4}


def test_the_split_is_a_hash_of_the_name(dirty):
    release = dirty.root / "to" / "m" / "0.1.0"
    for path in (release / "coarse").iterdir():
        for row in read_rows(path, ReleasedCoarse):
            assert path.name.startswith(split_of(0, declared_ids(row.name)[0]))


def test_equal_fine_texts_are_one_in_a_release_and_both_stay_coarse(house):
    house.add_entries(a=fine_entry(), b=fine_entry())
    manifest = read_manifest(house.publish())
    assert (manifest.rows["coarse"], manifest.rows["fine"]) == (2, 1)
    assert manifest.rejected == {"publish/duplicate": 1}


def test_a_later_import_adds_rows_to_a_later_version_and_moves_none(house):
    house.add_entries(a=fine_entry())
    first = tables(house.publish("0.1.0"))
    house.add(house.write("more.json", {"b": fine_entry(smp_reason_caption="Another text.")}))
    with pytest.raises(SetupError, match="rows were added"):
        house.publish("0.1.1")
    second = tables(house.publish("0.2.0"))
    assert set(map(repr, first["fine"])) < set(map(repr, second["fine"]))


def test_built_and_imported_clips_go_into_one_release(workshop, tmp_path):
    file = MerrHouse(tmp_path / "more").write("fine.json", {"a": fine_entry()})
    import_merr(workshop.work, [file], workshop.settings)
    release = publish(workshop.open(), to=tmp_path / "to", name="m", version="0.1.0").folder
    manifest = read_manifest(release)
    assert verify(release) == []
    assert manifest.media == "embed"
    assert manifest.found == {"clip": 5, "file": 8, "video": 5}
    identities = Counter(row.identity for row in tables(release)["coarse"])
    assert identities == {"bytes": 3, "declared": 1}
