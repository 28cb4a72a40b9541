"""Tells from its first bytes which demuxer a file may be given to, or what else it is."""

from typing import Final

SNIFF_BYTES: Final = 4096

_EXPECTED: Final = (
    "expected mp4, mov, mkv, webm, avi, flv or a still picture (jpeg, png, webp, bmp)"
)
# First box of an ISO base media file (ISO/IEC 14496-12) or of a QuickTime film before `ftyp`.
_ISO_BOXES: Final = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}
)
_BMP_HEADER_SIZES: Final = frozenset({12, 40, 52, 56, 64, 108, 124})

# What else people put into a folder of films, named so that the message helps.
_OTHER_MAGIC: Final = (
    (b"GIF8", "a GIF picture"),
    (b"OggS", "an Ogg file"),
    (b"\x30\x26\xb2\x75", "a Windows Media (ASF) file"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b".RMF", "a RealMedia file"),
    (b"ID3", "an MP3 file"),
    (b"fLaC", "a FLAC file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
)
_TEXT_STARTS: Final = (
    ("#EXTM3U", "text, an HLS playlist"),
    ("<MPD", "text, a DASH manifest"),
    ("ffconcat", "text, an ffconcat list"),
    ("<!DOCTYPE html", "text, a web page"),
    ("<html", "text, a web page"),
    ("<?xml", "text, an XML document"),
)


def demuxer_of(head: bytes) -> str | None:
    """FFmpeg's name of the one demuxer that may read this file; None: not a kind we take.

    `head`: the first bytes of the file, SNIFF_BYTES where it has as many. Names and extensions
    have no say: a playlist called .mp4 must never reach a demuxer that follows references.
    """
    if head.startswith(b"RIFF"):
        return {b"AVI ": "avi", b"WEBP": "webp_pipe"}.get(head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska" if b"webm" in head[:64] or b"matroska" in head[:64] else None
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg_pipe"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png_pipe"
    if head.startswith(b"FLV\x01"):
        return "flv"
    return _demuxer_of_weak_magic(head)


def _demuxer_of_weak_magic(head: bytes) -> str | None:
    if head[4:8] in _ISO_BOXES and head[8:12] not in _HEIF_BRANDS:
        return "mov"
    bmp_header = int.from_bytes(head[14:18], "little")
    return "bmp_pipe" if head.startswith(b"BM") and bmp_header in _BMP_HEADER_SIZES else None


def what_is_wrong(head: bytes) -> str:
    """One line for a file that no demuxer may have: found, expected, what to do."""
    return f"is {_kind_of(head)}; {_EXPECTED}; replace it or leave it out"


def _kind_of(head: bytes) -> str:
    if not head:
        return "empty"
    for magic, kind in _OTHER_MAGIC:
        if head.startswith(magic):
            return kind
    if head[4:8] == b"ftyp":
        return "a HEIF or AVIF picture"
    if head.startswith(b"RIFF"):
        return "a WAV file" if head[8:12] == b"WAVE" else "an unknown RIFF file"
    if head[:1] == b"G" and head[188:189] == b"G":
        return "an MPEG transport stream"
    if not head.strip(b"\0"):
        return "filled with zero bytes"
    return _kind_of_text(head) or "unknown data"


def _kind_of_text(head: bytes) -> str | None:
    try:
        # The end may be cut in the middle of a character.
        text = head.decode("utf-8-sig") if len(head) < SNIFF_BYTES else head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return None
    if any(ord(letter) < 32 and letter not in "\t\r\n\f" for letter in text):
        return None
    start = text.lstrip("\ufeff \t\r\n").lower()
    return next((kind for sign, kind in _TEXT_STARTS if start.startswith(sign.lower())), "text")
