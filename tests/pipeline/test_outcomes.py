"""From an error to a Failure row."""

import pytest
from pydantic import ValidationError

from pipeline.outcomes import fail
from schemas.errors import (
    CrashError,
    DeadlineError,
    DecodeError,
    TransientError,
    UnexpectedError,
)
from schemas.speech import Span


def invalid():
    with pytest.raises(ValidationError) as caught:
        Span.model_validate({"start_s": -1, "end_s": 1})
    return caught.value


@pytest.mark.parametrize(
    ("error", "name", "retryable"),
    [
        (DecodeError("x"), "DecodeError", False),
        (CrashError("x"), "CrashError", False),
        (DeadlineError("x"), "DeadlineError", True),
        (TransientError("x"), "TransientError", True),
        (invalid(), "ValidationError", False),
        (UnexpectedError("x", "trace"), "unexpected", False),
    ],
)
def test_what_may_go_better_next_time_is_retryable(error, name, retryable):
    failure = fail("clip", "c", "face", error)
    assert (failure.error, failure.retryable) == (name, retryable)


def test_a_reason_is_one_line():
    assert fail("clip", "c", "face", DecodeError("two\n  lines")).reason == "two lines"
    assert "\n" not in fail("clip", "c", "face", invalid()).reason


def test_only_an_error_that_nobody_named_keeps_its_traceback():
    assert fail("clip", "c", "face", UnexpectedError("x", "line 1\nline 2")).unexpected == (
        "line 1\nline 2"
    )
    assert fail("clip", "c", "face", DecodeError("x")).unexpected is None
