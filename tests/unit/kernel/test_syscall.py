"""The one way into the kernel: what it hands over arrives whole, and a refusal is never taken for success."""

from __future__ import annotations

import errno
import os
import re
import resource
import struct

import pytest

from jailpy.kernel.syscall import call, room

_NO_SUCH_CAPABILITY = 63
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24


@pytest.mark.parametrize(
    ("name", "arguments", "number"),
    [
        ("prctl", (_PR_CAPBSET_DROP, _NO_SUCH_CAPABILITY, 0, 0, 0), errno.EPERM if os.geteuid() else errno.EINVAL),
        ("prctl", (_PR_CAPBSET_READ, -1, 0, 0, 0), errno.EINVAL),
        ("openat2", (-1, b"x", struct.pack("=3Q", os.O_RDONLY, 0, 0), 24), errno.EBADF),
        ("pidfd_open", (0, 0), errno.EINVAL),
    ],
)
def test_a_refusal_is_an_error_that_names_the_call(name: str, arguments: tuple[int | bytes, ...], number: int) -> None:
    with pytest.raises(OSError, match=re.escape(os.strerror(number))) as refused:
        call(name, *arguments, about="this")
    assert refused.value.errno == number
    assert refused.value.__notes__ == [f"system call: {name} this"]


@pytest.mark.parametrize("size", [(1 << 31) + 1, (1 << 63) - 1])
def test_numbers_arrive_with_all_their_bits(size: int) -> None:
    """lseek tells where it stands: a position beyond 32 bits, from a number beyond 32 bits."""
    fd = os.memfd_create("sparse", os.MFD_CLOEXEC)
    try:
        assert call("lseek", fd, size, os.SEEK_SET) == size
    finally:
        os.close(fd)


def test_a_buffer_is_filled_and_bytes_are_read() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    given, held = struct.pack("=2Q", soft, hard), room()
    assert call("prlimit64", 0, resource.RLIMIT_NOFILE, given, None) == 0
    assert call("prlimit64", 0, resource.RLIMIT_NOFILE, None, held) == 0
    assert held.raw[:16] == given
