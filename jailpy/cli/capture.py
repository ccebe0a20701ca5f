"""``--json``: the plugin's output is kept in memory and goes into the report."""

from __future__ import annotations

import os

from jailpy.cli.output import require_stdout


class Capture:
    """Stands in for standard output and standard error until ``release``. Raises UsageError where stdout is closed."""

    def __init__(self) -> None:
        require_stdout()
        self._kept = tuple(os.dup(fd) for fd in (1, 2))
        for fd, name in ((1, "stdout"), (2, "stderr")):
            memory = os.memfd_create(name, os.MFD_CLOEXEC)
            os.dup2(memory, fd)
            os.close(memory)

    def release(self) -> dict[str, str]:
        """Give the caller its own back; what was written meanwhile: text where all of it is UTF-8, else base64."""
        stdout, stderr = (_content(fd) for fd in (1, 2))
        for fd, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, fd)
            os.close(kept)
        try:
            return {"stdout": stdout.decode(), "stderr": stderr.decode(), "encoding": "utf-8"}
        except UnicodeDecodeError:
            from binascii import b2a_base64

            coded = (b2a_base64(content, newline=False).decode() for content in (stdout, stderr))
            return {"stdout": next(coded), "stderr": next(coded), "encoding": "base64"}


def _content(fd: int) -> bytes:
    """All of it; the limit on output is what bounds it."""
    parts = []
    size = 0
    while part := os.pread(fd, 1 << 20, size):
        parts.append(part)
        size += len(part)
    return b"".join(parts)
