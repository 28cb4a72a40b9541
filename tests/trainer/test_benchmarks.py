"""Readers of data sets of others, on small folders made here, clean and dirty."""

import pytest

from schemas.errors import SetupError
from trainer.benchmarks.dfew import dfew_labels
from trainer.benchmarks.known import BENCHMARKS

FOLDS = "EmoLabel_DataSplit/test(single-labeled)"


def put(folder, **files):
    """Files by path, `/` written as it is; None makes an empty one."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or "", "utf-8")
    return folder


def read(name, folder, part=None, videos=None):
    benchmark = BENCHMARKS[name]
    return benchmark.read(folder, part or benchmark.parts[0], videos)


def told(clips, folder):
    return [
        (c.name, c.video and str(c.video).removeprefix(f"{folder}/"), c.label, c.text)
        for c in clips
    ]


MER2023 = {
    "test3-label.csv": "name,discrete\nsample_1,happy\nsamplenew_2,worried\nsample_3,Anger\n",
    "test3/sample_1.avi": None,
    "test3/samplenew_2.mp4": None,
    "test3/samplenew_2.avi": None,
    "test3/readme.txt": None,
    "transcription_en_all.csv": 'name,sentence\nsample_1,"Well,  well."\nsample_3,\nother,no\n',
}


def test_mer2023_as_its_organisers_lay_it_out(tmp_path):
    put(tmp_path, **MER2023)
    assert told(read("mer2023", tmp_path), tmp_path) == [
        ("sample_1", "test3/sample_1.avi", "happy", "Well, well."),
        ("samplenew_2", "test3/samplenew_2.mp4", "worried", None),
        ("sample_3", None, "angry", None),
    ]


def test_mer2023_in_the_columns_of_the_first_release_and_with_labels_in_a_folder(tmp_path):
    put(
        tmp_path,
        **{
            "test_labels/test1-label.csv": "utterance_id,emotion,valence\ns,sad,-1.5\n",
            "video/s.mp4": None,
        },
    )
    assert told(read("mer2023", tmp_path, "test1"), tmp_path) == [("s", "video/s.mp4", "sad", None)]


def test_mer2024_noise_and_training_clips(tmp_path):
    put(
        tmp_path,
        **{
            "reference-noise.csv": "name,discrete\nn,neutral\n",
            "label-disdim.csv": "name,discrete,valence\nt,surprise,2\n",
            "video-labeled/t.mp4": None,
            "video-unlabeled-with-test2noise/n.mp4": None,
            "label-transcription.csv": "name,chinese,english\nt,你好,hello\nn,好,\n",
        },
    )
    [noise] = read("mer2024", tmp_path)
    assert (noise.label, noise.text) == ("neutral", "好")
    assert noise.video.endswith("with-test2noise/n.mp4")
    [train] = read("mer2024", tmp_path, "train")
    assert (train.label, train.text) == ("surprise", "hello")


def test_lists_of_words(tmp_path):
    put(tmp_path, **{"check-openset.csv": "name,openset\na,\"['sad', 'low']\"\nb,['happy']\n"})
    assert [c.label for c in read("mer-ov", tmp_path)] == ["['sad', 'low']", "['happy']"]


def test_a_fold_of_dfew_with_videos_in_numbered_folders(tmp_path):
    put(
        tmp_path,
        **{
            f"{FOLDS}/set_2.csv": "video_name,label\n1,7\n1601,6\n3,1",
            "Clip/original/part_1/1.mp4": None,
            "Clip/original/part_2/1601.mp4": None,
        },
    )
    assert told(read("dfew", tmp_path, "2"), tmp_path) == [
        ("1", "Clip/original/part_1/1.mp4", "fear", None),
        ("1601", "Clip/original/part_2/1601.mp4", "disgust", None),
        ("3", None, "happy", None),
    ]


def test_a_number_of_dfew_finds_the_video_whose_name_is_padded_with_zeros(tmp_path):
    put(
        tmp_path,
        **{
            f"{FOLDS}/set_1.csv": "video_name,label\n12,4.0\n",
            "Clip/clip_224x224_avi/00012.avi": None,
        },
    )
    [clip] = read("dfew", tmp_path)
    assert (clip.name, clip.label) == ("12", "angry")
    assert clip.video.endswith("00012.avi")


def test_the_label_map_of_dfew_leaves_three_words_of_merr_outside():
    labels = dfew_labels()
    assert sorted(labels.numbers) == list("1234567")
    assert labels.answers == {}


def test_both_versions_of_emer(tmp_path):
    put(
        tmp_path,
        **{
            "dataset-v1/gt-eng.csv": "names,emotions,subtitles,reasons\ns1,sad,I see.,He sighs.\n",
            "dataset-v2/final-EMER-reason.csv": 'name,chinese,english\ns1,他,"He, slow."\n',
            "mer2023/s1.avi": None,
        },
    )
    [one] = read("emer", tmp_path, videos=tmp_path / "mer2023")
    assert (one.label, one.text) == ("He sighs.", "I see.")
    assert one.video.endswith("s1.avi")
    [two] = read("emer", tmp_path, "v2")
    assert (two.label, two.text, two.video) == ("He, slow.", None, None)
    assert read("emer", tmp_path, "v2-chinese")[0].label == "他"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name,discrete\n", "has no line below its header"),
        ("", "it is empty"),
        ("name,emotionn\na,happy\n", "column 'discrete' is missing; it has name, emotionn"),
        ("name,discrete\na,happy\nb,\n", "line 3: column discrete is empty"),
        ("name,discrete\n,happy\n", "line 2: column name is empty"),
        ("name,discrete\na,gloomy\n", "line 2: column discrete holds 'gloomy'"),
        ("name,discrete\na,happy\na,sad\n", "line 3: 'a' is 'sad' here and 'happy' above"),
        ("name,discrete\na,happy,more\n", "line 2: 3 cells for 2 columns"),
        ('name,discrete\na,"hap\n', "put texts in double quotes"),
        ("name,name\na,b\n", "column 'name' stands there twice"),
    ],
)
def test_dirt_is_named_with_file_and_line(tmp_path, text, fault):
    put(tmp_path, **{"test3-label.csv": text})
    with pytest.raises(SetupError) as told:
        read("mer2023", tmp_path)
    assert "test3-label.csv" in str(told.value)
    assert fault in str(told.value)


def test_a_line_that_stands_there_twice_is_one_clip(tmp_path):
    put(tmp_path, **{"test3-label.csv": "\ufeffname,discrete\n\na,happy\na,happy\n"})
    assert len(read("mer2023", tmp_path)) == 1


def test_a_file_in_another_encoding_is_named(tmp_path):
    (tmp_path / "test3-label.csv").write_bytes("name,discrete\n张,happy\n".encode("gbk"))
    with pytest.raises(SetupError, match="is no UTF-8"):
        read("mer2023", tmp_path)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_folder_that_is_not_one_says_what_was_looked_for(name, tmp_path):
    with pytest.raises(SetupError, match="looked for"):
        read(name, tmp_path)
    with pytest.raises(SetupError, match="no such folder"):
        read(name, tmp_path / "missing")
    with pytest.raises(SetupError, match="it has "):
        read(name, tmp_path, "nonsense")


def test_one_name_in_two_folders_of_videos_is_refused(tmp_path):
    put(tmp_path, **MER2023 | {"test3/more/sample_1.mp4": None})
    with pytest.raises(SetupError, match="sample_1 is there twice"):
        read("mer2023", tmp_path)
