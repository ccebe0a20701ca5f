"""The exceptions of jailpy, and what each one means to a caller.

JailError                 anything that jailpy itself could not do (status 125)
├── UsageError            the request was wrong: an option, a plugin path, an argument
├── ProfileError          a profile is missing, refused, or has problems (all of them at once)
├── HostError             this host cannot give what a required layer needs
└── SetupError            a step of the plan failed while the jail was being built

What the plugin does is never an exception: it is a Result; only if asked to check() it, that raises a PluginError.
``message`` is one or two lines that say what and where; ``hint`` is what to do about it and may be empty.
"""

from __future__ import annotations


class JailError(Exception):
    """Base of everything that jailpy raises on purpose."""

    outcome = "setup-failed"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(JailError):
    """The request cannot be understood or names something that cannot be run."""

    outcome = "usage-error"


class ProfileError(JailError):
    """A profile is missing, not trusted, or wrong; ``problems`` has one line for each fault."""

    outcome = "profile-error"

    def __init__(self, message: str, *, hint: str = "", problems: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class HostError(JailError):
    """The host lacks something that is required; the hint names the setting that gives it."""


class SetupError(JailError):
    """A step failed; the plugin's first byte was never executed."""

    def __init__(self, message: str, *, hint: str = "", stage: str = "", step: str = "", errno: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.stage = stage
        self.step = step
        self.errno = errno
