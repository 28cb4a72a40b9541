"""The configuration: every value known, and where it came from."""

import re
import tomllib

import pytest

from flows.config import change, commented_toml, load_config
from pipeline.settings import Settings
from schemas.errors import SetupError

DEFAULTS = Settings()
LINE = re.compile(r"^# (\w+ = )", re.M)


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    """No merr.toml of a developer is read by accident."""
    monkeypatch.chdir(tmp_path)


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def origins(config):
    return {key: (value, origin) for key, value, origin in config.lines()}


def test_without_a_file_everything_is_as_by_default():
    config = load_config(None)
    assert config.settings == DEFAULTS
    assert {origin for _, _, origin in config.lines()} == {"default"}


def test_assignments_beat_the_file_and_the_file_beats_the_default(tmp_path):
    file = write(tmp_path / "my.toml", "[peak]\nk = 3\n[cut]\nmax_s = 12.0\nmin_s = 2.0\n")
    config = load_config(file, ["cut.max_s=20", "tone.min_speech_s=0.4"])
    assert (config.settings.peak.k, config.settings.cut.max_s) == (3, 20.0)
    found = origins(config)
    assert found["peak.k"] == ("3", str(file))
    assert found["cut.max_s"] == ("20.0", "--set")
    assert found["cut.min_s"] == ("2.0", str(file))
    assert found["tone.min_speech_s"] == ("0.4", "--set")
    assert found["cut.rule"] == ('"auto"', "default")


def test_the_last_of_several_assignments_counts():
    assert load_config(None, ["peak.k=3", "peak.k=4"]).settings.peak.k == 4


def test_the_file_of_the_current_folder_is_taken_unless_another_is_named(tmp_path):
    write(tmp_path / "merr.toml", "[peak]\nk = 3\n")
    assert load_config(None).settings.peak.k == 3
    assert origins(load_config(None))["peak.k"] == ("3", "merr.toml")
    other = write(tmp_path / "other.toml", "")
    assert load_config(other).settings.peak.k == DEFAULTS.peak.k


@pytest.mark.parametrize(
    ("assignment", "read"),
    [
        ("label.order=['given']", lambda s: s.label.order == ("given",)),
        ("cut.rule=whole", lambda s: s.cut.rule == "whole"),
        ('cut.rule="whole"', lambda s: s.cut.rule == "whole"),
        ("label.au_filter=true", lambda s: s.label.au_filter is True),
        ("publish.source_licence=CC-BY-4.0", lambda s: s.publish.source_licence == "CC-BY-4.0"),
        ("publish.source_licence=a = b", lambda s: s.publish.source_licence == "a = b"),
        ("evidence.speaker.min_voice=0.7", lambda s: s.evidence.speaker.min_voice == 0.7),
        ("run.jobs = 3", lambda s: s.run.jobs == 3),
        ("given.labels=my labels.csv", lambda s: str(s.given.labels) == "my labels.csv"),
    ],
)
def test_an_assignment_is_toml_or_a_bare_word(assignment, read):
    assert read(load_config(None, [assignment]).settings)


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("peak.kk=3", r"--set: there is no setting peak\.kk; did you mean peak\.k\?"),
        ("pek.k=3", r"--set: there is no setting pek; did you mean peak"),
        ("evidence.speaker.min_vioce=1", r"did you mean evidence\.speaker\.min_voice\?"),
        ("zzzzzz.qqqq=1", r"no setting zzzzzz; `merr config` lists every key"),
        ("peak.k=many", r"--set: peak\.k: .* found 'many'"),
        ("peak.k=-1", r"--set: peak\.k: .* found -1"),
        ("cut.rule=sometimes", r"--set: cut\.rule: .* found 'sometimes'"),
        ("publish.train=nan", r"--set: publish\.train: "),
        ("cut.min_s=20", r"cut: .*max_s 30\.0 must be at least twice min_s 20\.0"),
        ("k=3", r"--set k=3: expected section\.key=value, e\.g\. peak\.k=3"),
        ("peak.k", r"--set peak\.k: expected section\.key=value"),
        ("peak.k.x=3", r"peak\.k"),
    ],
)
def test_a_wrong_assignment_names_the_key_and_the_nearest_one(assignment, told):
    with pytest.raises(SetupError, match=told):
        load_config(None, [assignment])


def test_an_assignment_below_a_value_of_the_file_is_told(tmp_path):
    file = write(tmp_path / "my.toml", "[peak]\nk = 3\n")
    with pytest.raises(SetupError, match=r"--set peak\.k\.x: k is a value, not a section"):
        load_config(file, ["peak.k.x=1"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[peak]\nkk = 3\n", r"my\.toml: there is no setting peak\.kk; did you mean peak\.k\?"),
        ("[peek]\nk = 3\n", r"my\.toml: there is no setting peek; did you mean peak"),
        ("[peak]\nk = 'x'\n", r"my\.toml: peak\.k: .* found 'x'"),
        ("peak = 3\n", r"my\.toml: peak: .* found 3"),
        ("[peak\n", r"my\.toml: is not valid TOML"),
        ("[peak]\nk = 0\n[cut]\nrule = 'x'\n", r"cut\.rule.*; .*peak\.k"),
    ],
)
def test_a_wrong_file_names_the_key_the_file_and_the_nearest_one(tmp_path, text, told):
    with pytest.raises(SetupError, match=told):
        load_config(write(tmp_path / "my.toml", text))


def test_a_file_that_is_not_there_is_told_with_what_writes_one(tmp_path):
    with pytest.raises(SetupError, match=r"lost\.toml: no such file; `merr init`"):
        load_config(tmp_path / "lost.toml")
    with pytest.raises(SetupError, match="is not valid TOML"):
        load_config(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SetupError, match="is not valid TOML"):
        load_config(tmp_path / "bytes.toml")


def test_one_section_of_settings_in_use_can_be_changed():
    used = load_config(None, ["peak.k=3"]).settings
    changed = change(used, "publish", ["publish.media=reference", "publish.seed=2"])
    assert (changed.publish.media, changed.publish.seed, changed.peak.k) == ("reference", 2, 3)
    assert change(used, "publish", []) == used


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("peak.k=4", r"--set peak\.k: only publish\.\* can be set here"),
        ("publish.medai=embed", r"there is no setting publish\.medai; did you mean publish\.media"),
        ("publish.media=none", r"--set: publish\.media: .* found 'none'"),
    ],
)
def test_other_settings_in_use_cannot(assignment, told):
    with pytest.raises(SetupError, match=told):
        change(DEFAULTS, "publish", [assignment])


# ---- the file that `merr init` writes


def test_the_written_file_says_the_defaults(tmp_path):
    assert load_config(write(tmp_path / "my.toml", commented_toml())).settings == DEFAULTS


def test_every_line_of_the_written_file_can_be_taken_out_of_its_comment(tmp_path):
    text = LINE.sub(r"\1", commented_toml())
    file = write(tmp_path / "my.toml", text)
    given = dict(leaves(tomllib.loads(text)))
    assert set(given) == {key for key, _, _ in load_config(None).lines()}
    config = load_config(file)
    unset = {key for key, value, _ in load_config(None).lines() if value == "(not set)"}
    for key, value, origin in config.lines():
        assert origin == str(file)
        assert key in unset or value == origins(load_config(None))[key][0]
    assert unset


def leaves(table, prefix=""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def test_any_single_line_of_the_written_file_can_be_taken_out_of_its_comment(tmp_path):
    text = commented_toml()
    for found in LINE.finditer(text):
        alone = text[: found.start()] + text[found.start() + 2 :]
        load_config(write(tmp_path / "my.toml", alone))


def test_every_setting_is_explained():
    lines = commented_toml().splitlines()
    for number, line in enumerate(lines):
        if LINE.match(line):
            before = lines[number - 1]
            assert before.startswith("# "), line
            assert not LINE.match(before), line
    assert max(map(len, lines)) <= 110
