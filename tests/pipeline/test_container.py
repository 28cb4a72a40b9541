"""Opening hostile media: what is taken, what is refused and in which words, and what is touched."""

import io
import os
import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline.container import MediaLimits, open_media
from pipeline.sniff import SNIFF_BYTES, demuxer_of, what_is_wrong
from schemas.errors import DecodeError
from tests.pipeline.media_files import FORMATS, Film, make_film, refer_elsewhere

ROOT = Path(__file__).parents[2]

# Opens a file as the worker does, in a process of its own, and tells which files Python opened.
OPEN_AND_TELL = """
import sys
from pathlib import Path
import av
from pipeline.container import open_media
from pipeline.probe import probe
from schemas.errors import DecodeError
seen = []
sys.addaudithook(lambda event, args: seen.append((event, str(args[0])))
                 if event == "open" or event.startswith("socket.") else None)
try:
    probe(Path(sys.argv[1]), video_id="v", size_bytes=1)
except DecodeError as e:
    print("refused:", e)
for event, name in seen:
    if not name.endswith((".py", ".pyc", ".so")):
        print("touched:", event, name)
"""


def probe_apart(path: Path) -> list[str]:
    """What a process says that probes `path`; a FIFO that FFmpeg opens would hang it."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN_AND_TELL, str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def refusal(path: Path, **limits: float) -> str:
    with pytest.raises(DecodeError) as caught, open_media(path, limits=MediaLimits(**limits)):
        pass
    message = str(caught.value)
    assert "\n" not in message
    assert str(path.parent) not in message
    return message


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_film_is_opened_by_its_content_whatever_it_is_called(tmp_path, suffix):
    film = make_film(tmp_path / f"film{suffix}", Film(frames=3))
    renamed = film.rename(tmp_path / "film.txt")
    wanted = {".mp4": "mov", ".mkv": "matroska", ".webm": "matroska"}.get(suffix, suffix[1:])
    with open_media(renamed) as media:
        assert (media.demuxer, media.still) == (wanted, False)
        assert media.audio is not None


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "bmp"])
def test_a_picture_is_a_still(tmp_path, kind):
    Image.new("RGB", (20, 10)).save(tmp_path / "picture", kind)
    with open_media(tmp_path / "picture") as media:
        assert (media.demuxer, media.still, media.audio) == (f"{kind}_pipe", True, None)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b"not a video", "is text;"),
        ("nicht ein Film: Äpfel".encode(), "is text;"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "HLS playlist"),
        (b"\xef\xbb\xbf  #extm3u\n", "HLS playlist"),
        (b"ffconcat version 1.0\nfile a.mp4\n", "ffconcat list"),
        (b"<?xml version='1.0'?><MPD/>", "XML document"),
        (b"<html><body>404", "web page"),
        (bytes(5000), "zero bytes"),
        (b"GIF89a....", "GIF picture"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "WAV file"),
        (b"\x00\x00\x00\x18ftypheic\0\0\0\0", "HEIF or AVIF"),
        (b"OggS\0\x02", "Ogg file"),
        (b"PK\x03\x04", "ZIP archive"),
        (b"G" + bytes(187) + b"G" + bytes(187), "transport stream"),
        (bytes(range(1, 256)), "unknown data"),
        (b"\x1a\x45\xdf\xa3" + b"\x42\x82\x84text", "unknown data"),
    ],
)
def test_what_is_no_film_is_refused_by_what_it_is(tmp_path, content, found):
    (tmp_path / "film.mp4").write_bytes(content)
    message = refusal(tmp_path / "film.mp4")
    assert found in message
    assert "expected mp4, mov, mkv" in message


def test_no_beginning_of_a_file_makes_sniffing_fail():
    random = np.random.default_rng(0)
    for length in [*range(40), SNIFF_BYTES]:
        head = random.bytes(length)
        assert demuxer_of(head) or what_is_wrong(head).startswith("is ")


def test_a_missing_file_and_a_folder_are_refused_without_their_path(tmp_path):
    assert "No such file" in refusal(tmp_path / "gone.mp4")
    assert "directory" in refusal(tmp_path)


def test_a_playlist_dressed_as_a_film_opens_nothing(tmp_path):
    os.mkfifo(tmp_path / "secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        trap = tmp_path / "film.mp4"
        trap.write_text(
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
            f"#EXTINF:1.0,\nfile://{tmp_path}/secret\n"
            f"#EXTINF:1.0,\nhttp://127.0.0.1:{server.getsockname()[1]}/a.ts\n#EXT-X-ENDLIST\n"
        )
        told = probe_apart(trap)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert told[0].startswith("refused: is text, an HLS playlist")
    assert told[1:] == [f"touched: open {trap}"]


def test_a_film_whose_tracks_lie_in_another_file_opens_only_itself(tmp_path):
    secret = make_film(tmp_path / "secret.mov")
    trap = refer_elsewhere(make_film(tmp_path / "film.mov"), secret)
    with av.open(str(trap), container_options={"enable_drefs": "1"}) as careless:
        assert len(list(careless.decode(video=0))) == 25  # the trap is a trap
    secret.unlink()
    os.mkfifo(secret)
    told = probe_apart(trap)
    assert told[0].startswith("refused: shows no picture")
    assert set(told[1:]) == {f"touched: open {trap}"}


def test_ffmpeg_is_told_no_file_name(tmp_path):
    with open_media(make_film(tmp_path / "film.mp4", Film(frames=2))) as media:
        assert media.container.name == "<none>"


def test_a_film_that_was_cut_off_before_its_index_says_so(tmp_path):
    film = make_film(tmp_path / "film.mp4")
    film.write_bytes(film.read_bytes()[:1000])
    assert "1000 bytes without its index (moov)" in refusal(film)


def test_sound_alone_is_refused(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(picture=False))
    assert "sound but no picture" in refusal(film)


def test_the_cover_of_a_song_is_not_a_film(tmp_path):
    song = make_film(tmp_path / "song.mp4", Film(picture=False, cover=True))
    with av.open(str(song)) as careless:
        assert len(careless.streams.video) == 1
    assert "sound but no picture" in refusal(song)


def test_pictures_larger_than_the_limit_are_refused_with_their_size(tmp_path):
    film = make_film(tmp_path / "film.mkv", Film(frames=2))
    assert "128 x 64 pixels, at most 8000" in refusal(film, max_pixels=8000)


def test_a_codec_that_is_not_on_the_list_is_refused_by_name(tmp_path):
    film = make_film(tmp_path / "film.avi", Film(frames=2, video="asv1", sound=False))
    assert "coded as asv1" in refusal(film)


def test_a_picture_that_declares_a_huge_size_costs_no_memory(tmp_path):
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, io.SEEK_END)
    out.write(chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)))
    out.write(chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b""))
    (tmp_path / "bomb.png").write_bytes(out.getvalue())
    assert "more than 67108864 pixels" in probe_apart(tmp_path / "bomb.png")[0]
