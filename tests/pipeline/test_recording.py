"""The sound of a clip, small enough to travel with it."""

import io
import wave

import av
import numpy as np
import pytest

from annotators.base import AUDIO_HZ, Sound
from pipeline.recording import record, sound_of, wav_bytes

SECONDS = 2.0


@pytest.fixture(scope="module")
def tone():
    """A tone of 440 Hz."""
    times = np.arange(round(SECONDS * AUDIO_HZ)) / AUDIO_HZ
    return Sound((0.4 * np.sin(2 * np.pi * 440 * times)).astype(np.float32))


def heard(opus):
    """[N] what a player would hear, at 48 kHz."""
    with av.open(io.BytesIO(opus)) as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.name) == ("ogg", "opus")
        assert stream.codec_context.channels == 1
        return np.concatenate([f.to_ndarray()[0] for f in container.decode(stream)])


def test_what_is_recorded_is_what_was_heard(tone):
    samples = heard(record("c", tone, SECONDS).opus)
    assert len(samples) / 48_000 == pytest.approx(SECONDS, abs=0.05)
    spectrum = np.abs(np.fft.rfft(samples[4800:52800]))
    assert np.argmax(spectrum) == 440
    assert np.std(samples[4800:-4800]) == pytest.approx(0.4 / np.sqrt(2), rel=0.05)


def test_a_recording_is_small(tone):
    assert len(record("c", tone, SECONDS).opus) < 12_000


def test_equal_sound_gives_equal_bytes(tone):
    assert record("c", tone, SECONDS) == record("c", tone, SECONDS)


def test_a_clip_without_sound_has_no_recording():
    assert record("c", None, SECONDS).opus is None
    assert record("c", Sound(np.zeros(0, np.float32)), SECONDS).opus is None


def test_a_recording_gives_back_its_sound_and_a_span_of_it_as_wav(tone):
    sound = sound_of(record("c", tone, SECONDS))
    assert sound.duration_s == pytest.approx(SECONDS, abs=0.05)
    with wave.open(io.BytesIO(wav_bytes(sound, start_s=0.5, end_s=1.25))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (AUDIO_HZ, 1, 2)
        span = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
    assert len(span) == 0.75 * AUDIO_HZ
    assert np.std(span) == pytest.approx(0.4 / np.sqrt(2), rel=0.05)
    spectrum = np.abs(np.fft.rfft(span))
    assert np.argmax(spectrum) / 0.75 == pytest.approx(440, abs=2)


def test_a_span_beyond_the_sound_is_cut_off_and_equal_spans_are_equal_bytes(tone):
    sound = sound_of(record("c", tone, SECONDS))
    longer = wav_bytes(sound, start_s=1.0, end_s=99.0)
    assert len(longer) == 44 + 2 * (len(sound.samples) - AUDIO_HZ)
    assert longer == wav_bytes(sound_of(record("c", tone, SECONDS)), start_s=1.0, end_s=99.0)


def test_no_recording_gives_no_sound():
    assert sound_of(record("c", None, SECONDS)) is None
