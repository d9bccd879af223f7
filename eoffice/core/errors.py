"""Errors that speak to people. All others are bugs: logged, answered with a reference.

Each class is one answer: what happened, why, what to do. `status` is the HTTP status, used by the
pages and the API alike; the text is a message id in English with a Vietnamese translation.
"""

from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString


class AppError(Exception):
    """The person can do something about it. Subclasses give `message`; `params` fill it."""

    status: ClassVar[int] = 400
    message: ClassVar[LazyString | str] = _l("That is not possible.")
    #: somebody else's being faster may be why: who did what is told with it
    overtaken: ClassVar[bool] = False

    def __init__(self, **params: Any) -> None:
        #: form field the message belongs to, when there is one
        self.field: str | None = params.pop("field", None)
        self.params = params
        #: what somebody else did meanwhile, when that is why
        self.meanwhile = ""
        super().__init__(type(self).__name__, params)

    def __str__(self) -> str:
        text = str(self.message)
        said = text % self.params if self.params else text
        return f"{said} {self.meanwhile}" if self.meanwhile else said


class Invalid(AppError):
    """What was given cannot be taken as it is."""

    status = 422
    message = _l("Some of what you entered cannot be used: %(reason)s")


class TooLong(Invalid):
    """More than its place holds; what somebody wrote is kept whole or not at all."""

    message = _l("This is too long: at most %(max)d characters.")


class NotFound(AppError):
    """There is no such thing, or the person may not know of it: the answer is the same."""

    status = 404
    message = _l("There is nothing here, or it is not yours to see. Go back to the list and try again.")


class Forbidden(AppError):
    """The person may know of it but not do this: not yours."""

    status = 403
    message = _l(
        "Your role does not allow this step. The page of the matter says who acts next; who should have this right "
        "asks the administrator."
    )


class InvalidTransition(AppError):
    """The step exists but not in this state: not now."""

    status = 409
    overtaken = True
    message = _l("The document is “%(state)s” now, so this step is not possible. Reload the page.")


class Conflict(AppError):
    """Something else stands in the way: not now."""

    status = 409
    message = _l("Somebody else has changed this in the meantime. Reload the page and look again.")


class Overtaken(Conflict):
    """Somebody else was faster."""

    overtaken = True


class Unavailable(AppError):
    """Something outside does not answer; nothing was changed."""

    status = 503
    message = _l("A part of the system does not answer at the moment. Nothing was changed; try again.")


class FilesAway(Unavailable):
    """The disk is full, or the store of files does not do its work; nothing was changed."""

    message = _l(
        "Files can be neither stored nor read at the moment. Nothing was changed; try again in a few minutes, "
        "and tell the administrator when it lasts."
    )
