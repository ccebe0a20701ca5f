"""Looking for a few bytes in a large file that is not trusted."""

from __future__ import annotations

import os

_CHUNK, _MOST = 4 << 20, 512 << 20  # bytes that are read at once, and in all


def bytes_after(path: str, mark: bytes, size: int) -> bytes | None:
    """Up to ``size`` bytes that follow the first ``mark`` in a file; None where it has none or cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    overlap = len(mark) + size
    try:
        for offset in range(0, _MOST, _CHUNK):
            block = os.pread(fd, _CHUNK + overlap, offset)
            at = block.find(mark)
            if at >= 0:
                return block[at + len(mark) : at + overlap]
            if len(block) < _CHUNK + overlap:
                return None
    except OSError:
        return None
    finally:
        os.close(fd)
    return None
