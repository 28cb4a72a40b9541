"""Import, export, import: nothing is lost, whatever the texts and however dirty the files."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.export_folder import ReleaseRows
from pipeline.export_merr import write_merr
from pipeline.merr_import import MerrFiles
from schemas.label import load_vocabulary
from tests.pipeline.merr_house import (
    MerrHouse,
    coarse_entry,
    export_merr,
    exported,
    fine_entry,
    tables,
    without,
    write_list,
)

LABELS = load_vocabulary("merr9").labels


def round_trip(house: MerrHouse) -> tuple[MerrHouse, Path, Path]:
    """The house, its release, and the release of what was exported of it and imported again."""
    release = house.publish()
    again = MerrHouse(house.root / "again", house.settings)
    for file in exported(house.export(release)):
        again.add(file)
    return again, release, again.publish()


def test_the_dirty_files_come_back_row_by_row(tmp_path):
    again, first, second = round_trip(MerrHouse(tmp_path).add_dirty())
    assert tables(second) == tables(first)
    for name in ("fine", "coarse"):
        own = {p.name: p.read_bytes() for p in (first / name).iterdir()}
        assert {p.name: p.read_bytes() for p in (second / name).iterdir()} == own
    once, twice = again.root.parent / "out", export_merr(second, again.root / "out")
    kept = sorted(path.name for path in once.iterdir() if path.name != "export.json")
    assert all((twice / name).read_bytes() == (once / name).read_bytes() for name in kept)


def test_a_built_release_comes_back_with_units_texts_and_labels(release, tmp_path):
    out = export_merr(release, tmp_path / "out")
    again = MerrHouse(tmp_path / "again")
    for file in exported(out):
        again.add(file)
    columns = (
        "AU_list", "visual_prior_list", "audio_prior_list", "peak_index", "peak_AU_list",
        "pseu_emotion", "text", "caption", "frames", "valence",
    )  # fmt: skip
    kept = [[getattr(row, c) for c in columns] for row in tables(release)["coarse"]]
    back = [[getattr(row, c) for c in columns] for row in again.chain.imports.coarse]
    assert sorted(map(repr, back)) == sorted(map(repr, kept))
    assert any(units for units, *_ in kept)
    fine = {(row.pseu_emotion, row.smp_reason_caption) for row in tables(release)["fine"]}
    assert {(r.pseu_emotion, r.smp_reason_caption) for r in again.chain.imports.fine} == fine


# ---- any texts, any dirt

# Half letters too: JSON can hold them, and nothing else can.
WORDS = st.text(st.characters(), max_size=30)
SAID = st.one_of(
    WORDS, st.sampled_from(["None", "NA", "nan", '"', "a,b", "'", "\r\n", " x ", "<image>", "// x"])
)
STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**70), st.lists(SAID, max_size=2),
    st.dictionaries(WORDS, st.integers(), max_size=2), st.floats(allow_nan=False), SAID,
)  # fmt: skip
UNIT = st.sampled_from(["AU01", "AU04", "AU12", "AU28", "au4", "AU12_c", "brow"])
FIELDS = {
    "AU_list": st.one_of(st.lists(UNIT, max_size=3), STRANGE),
    "visual_prior_list": st.one_of(st.lists(SAID, max_size=3), STRANGE),
    "audio_prior_list": STRANGE,
    "peak_index": st.one_of(st.integers(0, 400).map(str), STRANGE),
    "peak_AU_list": st.one_of(st.lists(UNIT, max_size=3), st.just("AU04, AU12"), STRANGE),
    "pseu_emotion": st.sampled_from([*LABELS, "anger", "Joy"]),
}
NAMES = st.one_of(
    st.from_regex(r"sample(new)?_[0-9]{8}", fullmatch=True),
    st.from_regex(r"[A-Za-zäß你][\w.-]{0,8}", fullmatch=True).filter(
        lambda name: (
            name.lower() not in ("nan", "null", "na", "none", "inf", "infinity")
            and name.lower() not in ("true", "false")
        )
    ),
)
EXTRA = st.dictionaries(st.sampled_from(["score", "by", "reason_caption"]), STRANGE, max_size=2)


def entries(text_key, *, words):
    own = FIELDS | {text_key: st.one_of(SAID, STRANGE)} | ({"text": STRANGE} if words else {})
    some = st.fixed_dictionaries({}, optional=own)
    whole = fine_entry() if words else coarse_entry()
    return st.builds(lambda change, extra: without(whole | change | extra), some, EXTRA)


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.dictionaries(NAMES, entries("smp_reason_caption", words=True), max_size=3),
    st.dictionaries(NAMES, entries("caption", words=False), max_size=3),
    st.sampled_from(["65", "many", "-10"]),
    st.sampled_from([" 0.6", " -1e-07", " -10", " high", ""]),
)
def test_any_entries_come_back_as_they_were(fine, coarse, count, valence):
    with tempfile.TemporaryDirectory() as folder:
        house = MerrHouse(Path(folder))
        for name, found in (("fine.json", fine), ("coarse.json", coarse)):
            found = found | {"always": fine_entry() if name == "fine.json" else coarse_entry()}
            file = house.write(name, found)
            lines = [f"always {count} happy{valence}"]
            lists = (write_list(house.root / f"{name}.txt", lines),)
            house.add(MerrFiles(file.json_file, lists))
        out = house.root / "out"
        out.mkdir()
        write_merr(rows_of(house), out)
        again = MerrHouse(house.root / "again")
        again.add(*exported(out)[:1])
        again.add(*exported(out)[1:])
        assert again.chain.imports.coarse == house.chain.imports.coarse
        assert again.chain.imports.fine == house.chain.imports.fine


def rows_of(house):
    """The rows as a release would hold them."""
    imports = house.chain.imports
    return ReleaseRows(
        [("train", row) for row in imports.coarse], {row.clip_id: row for row in imports.fine}, {}
    )


@pytest.mark.parametrize(
    "name", ["two words", "a\tb", "12", "1e5", "nan", "True", "None", "x\u2028y"]
)
def test_a_name_that_a_list_cannot_hold_gets_another_and_the_export_says_which(tmp_path, name):
    house = MerrHouse(tmp_path).add_entries(**{name: fine_entry()})
    out = house.export()
    [line] = [p.read_text("utf-8") for p in out.glob("MERR_fine_grained_*.txt")]
    word = line.split(" ")[0]
    assert word not in (name, "")
    assert len(line.split()) == 4
    assert name.replace("\t", "\t") in (out / "clips.csv").read_text("utf-8")
