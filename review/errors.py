"""Why a request on reviews is refused, by what the one who asked can do.

* ReviewError        base; its text may be shown to people
  - InvalidError     the answer does not fit: correct it
  - MissingError     there is no such thing, or it is not yours to know
  - ForbiddenError   your role does not allow it
  - ConflictError    it changed meanwhile (another tab, another person): load it again
  - LeaseLostError   your time with it ran out and it has all its reviews: take the next
  - RateLimitError   too many tries: wait
"""

from schemas.errors import MerrError


class ReviewError(MerrError):
    """A request that is refused; nothing was changed."""


class InvalidError(ReviewError):
    """The answer does not fit the question."""


class MissingError(ReviewError):
    """No such sample, queue, person or event for the one who asks."""


class ForbiddenError(ReviewError):
    """The role of the one who asks does not allow it."""


class ConflictError(ReviewError):
    """What the request was made on has changed."""


class LeaseLostError(ConflictError):
    """The lease ran out, and the sample has all the reviews it needs."""


class RateLimitError(ReviewError):
    """Too many failed logins."""
