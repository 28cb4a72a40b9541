"""Subtitles beside a film: which file it is, and the words in it."""

import html
import re
import stat
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from pipeline.sources import folded, shown
from schemas.errors import ClipError, SetupError
from schemas.speech import Cue
from schemas.video import SourceFile

SUFFIXES: Final = (".srt", ".vtt")  # in order of preference
FILE_BYTES: Final = 1 << 22  # subtitles of a long film are 200 kB
CUE_CHARACTERS: Final = 5000  # more is no subtitle, and patterns would be slow on it
LEGACY: Final = (  # encodings that subtitles of the world came in before Unicode
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r",
    "gb18030", "big5", "cp932", "euc_jp", "euc_kr",
)  # fmt: skip
ISO_639_1: Final = {  # three-letter codes that players write into file names
    "eng": "en", "fra": "fr", "fre": "fr", "deu": "de", "ger": "de", "spa": "es", "ita": "it",
    "por": "pt", "rus": "ru", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko",
}  # fmt: skip

_LANGUAGE_TAG = re.compile(r"(.+?)\.([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*(?:\.(?:sdh|cc))?", re.I)
_STAMP = r"(\d{1,2}:)?(\d{1,2}:\d{1,2}[.,]\d{1,3})"
_TIMING = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s.*)?")
_ASIDE_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_TIME_TAG = re.compile(r"</?\d[\d:.]*>")  # karaoke times of WebVTT
_SQUARE = re.compile(r"[\[\uff3b\u3010][^\[\]\uff3b\uff3d\u3010\u3011]*[\]\uff3d\u3011]")
_DASH = re.compile(r"^[-\u2010\u2013\u2014]\s+|^[-\u2010\u2013\u2014](?=[^\W\d])", re.M)
_IN_ROUND = r"[(\uff08][^()\uff08\uff09]*[)\uff09]"  # (half or full width)
_ROUND = re.compile(rf"^{_IN_ROUND}|{_IN_ROUND}$", re.M)
_SUNG = re.compile(r"\s*[♪♫♬♩].*[♪♫♬♩]\s*", re.S)


@dataclass(frozen=True)
class SubtitleFile:
    path: Path
    language: str | None  # ISO 639-1, from the file name


@dataclass(frozen=True)
class Subtitles:
    cues: tuple[Cue, ...]  # sorted, seconds from the start of the video; empty: nobody speaks
    damage: tuple[str, ...]  # one sentence for each cue that was left out as damaged
    total: int  # cues in the file, the damaged ones and the wordless ones too


def find_subtitles(
    files: Sequence[SourceFile], languages: Sequence[str]
) -> dict[str, SubtitleFile]:
    """The one subtitle file to use for each film, by `location`.

    `NAME.srt`, `NAME.en.srt` and `NAME.mp4.srt` belong to `NAME.mp4`. Of several, the first of
    `languages` is taken, then one without a language, then by the alphabet.
    """
    beside: dict[Path, dict[str, list[SubtitleFile]]] = {}
    chosen: dict[str, SubtitleFile] = {}
    for file in files:
        film = Path(file.location)
        if file.kind == "film":
            if film.parent not in beside:
                beside[film.parent] = _subtitles_in(film.parent)
            here = beside[film.parent]
            found = here.get(folded(film.stem), []) + here.get(folded(film.name), [])
            if found:
                chosen[file.location] = min(found, key=lambda s: _rank(s, languages))
    return chosen


def _subtitles_in(folder: Path) -> dict[str, list[SubtitleFile]]:
    """All subtitle files of a folder, by the names their films may have."""
    try:
        paths = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] != "."]
    except OSError as e:
        raise SetupError(f"folder {folder} cannot be listed: {e.strerror}") from e
    found: dict[str, list[SubtitleFile]] = defaultdict(list)
    for path in paths:
        found[folded(path.stem)].append(SubtitleFile(path, None))
        tagged = _LANGUAGE_TAG.fullmatch(path.stem)
        if tagged:
            found[folded(tagged[1])].append(SubtitleFile(path, language_of(tagged[2])))
    return found


def language_of(tag: str) -> str | None:
    """ISO 639-1 of a tag like "en", "eng" or "en-US"; None when it is not known."""
    first = re.split("[-_]", tag.strip().lower())[0]
    return first if re.fullmatch("[a-z]{2}", first) else ISO_639_1.get(first)


def _rank(file: SubtitleFile, languages: Sequence[str]) -> tuple[int, str, int, str]:
    last = len(languages) + (file.language is not None)
    place = languages.index(file.language) if file.language in languages else last
    suffix = SUFFIXES.index(file.path.suffix.lower())
    return place, file.language or "", suffix, file.path.name


def read_subtitles(path: Path, *, encoding: str | None = None) -> Subtitles:
    """The words of an .srt or .vtt file, without tags, dashes, sounds in brackets and songs.

    Damaged cues are left out; ClipError when they are half of all or more, or when the file holds
    anything but subtitles.
    """
    import pysubs2  # seldom needed: only by a build that has subtitles to read

    text = read_text(path, encoding=encoding)
    clean, damage = _clean_srt(text)
    if not clean and not damage and text.strip() and not text.startswith("WEBVTT"):
        raise ClipError(f"{shown(path.name)} holds no line like 00:00:01,000 --> 00:00:02,000")
    cues: list[Cue] = []
    events = pysubs2.SSAFile.from_string(clean, format_="srt").events if clean else []
    for event in events:
        words = _spoken(event.plaintext)
        if event.end <= event.start:
            damage.append(f"the cue at {event.start / 1000:.3f} s ends before it starts")
        elif words:
            cues.append(Cue(start_s=event.start / 1000, end_s=event.end / 1000, text=words))
    total = clean.count(" --> ") + sum(note.startswith("line") for note in damage)
    if damage and 2 * len(damage) >= total:
        raise ClipError(
            f"{shown(path.name)}: {len(damage)} of {total} cues are damaged; first: {damage[0]}"
        )
    cues.sort(key=lambda c: (c.start_s, c.end_s, c.text))
    return Subtitles(tuple(dict.fromkeys(cues)), tuple(damage), total)


def _clean_srt(text: str) -> tuple[str, list[str]]:
    """The well-timed cues as tidy SubRip, and a note on each line whose times are damaged.

    pysubs2 reads notes and cue names of WebVTT as words, a damaged time as words of the cue above,
    and takes a last line of digits for the number of the next cue; a number after each cue and
    nothing else between them leaves it nothing to mistake.
    """
    clean: list[str] = []
    damage: list[str] = []
    for number, timing, words in _blocks(text.lstrip("\ufeff").splitlines()):
        match = _TIMING.fullmatch(timing)
        body = [_TIME_TAG.sub("", w) for w in words if w.strip()]
        if match is None:
            damage.append(f"line {number} has damaged times: {shown(timing.strip()[:60])}")
        elif sum(map(len, body)) > CUE_CHARACTERS:
            damage.append(f"line {number} has a cue of more than {CUE_CHARACTERS} characters")
        else:
            start, end = ((match[i] or "0:") + match[i + 1].replace(".", ",") for i in (1, 3))
            clean += [f"{start} --> {end}", *body, "", "1"]
    return "\n".join(clean), damage


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Cues as (1-based line of the times, times, lines below); what belongs to none is left out."""
    starts = [i for i, line in enumerate(lines) if "-->" in line]
    for start, after in pairwise([*starts, len(lines)]):
        words = _without_asides(lines[start + 1 : after])
        if after < len(lines) and words and words[-1].strip():
            named = len(words) == 1 or not words[-2].strip()
            if (named and len(words) > 1) or words[-1].strip().isdigit():
                words.pop()  # the number or name of the next cue
        yield start + 1, lines[start], words


def _without_asides(lines: Sequence[str]) -> list[str]:
    """Lines without the NOTE, STYLE and REGION blocks of WebVTT, which run to an empty line."""
    kept: list[str] = []
    aside = False
    for above, line in zip(["x", *lines], lines, strict=False):
        opens = not above.strip() and _ASIDE_BLOCK.match(line) is not None
        aside = bool(line.strip()) and (aside or opens)
        kept += [] if aside else [line]
    return kept


def _spoken(text: str) -> str | None:
    """Words of a cue on one line; None when nothing in it was spoken."""
    text = html.unescape(text)
    if _SUNG.fullmatch(text):
        return None
    text = _SQUARE.sub(" ", text)
    text = _ROUND.sub(" ", _DASH.sub("", _tidy(text)))
    words = " ".join(re.sub("[♪♫♬♩]", " ", _DASH.sub("", _tidy(text))).split())
    return words if any(c.isalnum() for c in words) else None


def _tidy(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


def cues_within(cues: Sequence[Cue], start_s: float, end_s: float) -> tuple[Cue, ...]:
    """Cues of which at least half lies in the span, in seconds from its start and cut to it."""
    taken = []
    for cue in cues:
        if cue.start_s is not None and cue.end_s is not None:
            start, end = max(cue.start_s, start_s), min(cue.end_s, end_s)
            if end > start and 2 * (end - start) >= (cue.end_s - cue.start_s) - 1e-9:
                span = {"start_s": round(start - start_s, 6), "end_s": round(end - start_s, 6)}
                taken.append(cue.model_copy(update=span))
    return tuple(taken)


def read_text(path: Path, *, encoding: str | None = None, limit_bytes: int = FILE_BYTES) -> str:
    """A whole text file, decoded; ClipError if it cannot be read, decoded, or is too large."""
    name = shown(path.name)
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise ClipError(f"{name} is no regular file")
        if info.st_size > limit_bytes:
            raise ClipError(f"{name} has {info.st_size} bytes, at most {limit_bytes} are read")
        data = path.read_bytes()
    except OSError as e:
        raise ClipError(f"{name} cannot be read: {e.strerror}") from e
    try:
        return _decode(data, encoding)
    except (UnicodeError, LookupError) as e:
        raise ClipError(
            f"{name}: its encoding cannot be told ({e}); save it as UTF-8 or set `encoding`"
        ) from e


def _decode(data: bytes, encoding: str | None) -> str:
    """Unicode where the bytes say so, else `encoding`, else a guess."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if b"\0" in data[:64]:  # UTF-16 without a mark: ASCII has its zero byte second or first
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode(encoding or _guess_encoding(data))


def _guess_encoding(data: bytes) -> str:
    """Of equals cp1252: short western texts always tie. Another tie is a UnicodeError."""
    from charset_normalizer import from_bytes  # heavy and seldom needed

    matches = from_bytes(data, cp_isolation=list(LEGACY))
    best = matches.best()
    if best is None:
        raise UnicodeError("no known encoding gives readable text")
    tied = [m for m in matches if (m.chaos, -m.coherence) <= (best.chaos, -best.coherence)]
    if any("cp1252" in m.could_be_from_charset for m in tied):
        return "cp1252"
    if len({str(m) for m in tied}) > 1:  # wrong words are worse than none
        raise UnicodeError("it may be " + " or ".join(sorted(m.encoding for m in tied)))
    return best.encoding
