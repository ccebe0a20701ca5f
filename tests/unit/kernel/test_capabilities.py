"""What is given up is gone, and what the kernel refuses is never taken for done."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest

from jailpy.kernel import capabilities, namespaces

NOBODY = 65534


def in_child(act: Callable[[], None], *, flags: int = 0) -> int:
    """The errno with which ``act`` ends in a process of its own, 0 where it succeeds; 255 is any other end."""
    child, _ = namespaces.clone(flags)
    if child == 0:
        number = 255
        try:
            act()
            number = 0
        except OSError as error:
            number = error.errno or 255
        finally:
            os._exit(number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def without_rights(act: Callable[[], None]) -> Callable[[], None]:
    def acting() -> None:
        if os.geteuid() == 0:
            os.setresuid(NOBODY, NOBODY, NOBODY)
        act()

    return acting


@pytest.mark.parametrize("act", [capabilities.lock_securebits, capabilities.drop_bounding_set])
def test_refusal_is_an_error(act: Callable[[], None]) -> None:
    """Both need CAP_SETPCAP: without it nothing is done, and that is said."""
    assert in_child(without_rights(act)) == errno.EPERM


def test_bounding_set_is_empty_afterwards() -> None:
    """Down to the last capability that this kernel has, whatever their number."""

    def act() -> None:
        capabilities.drop_bounding_set()
        with open("/proc/self/status", encoding="ascii") as file:
            (line,) = (line for line in file if line.startswith("CapBnd:"))
        if int(line.split()[1], 16):
            raise OSError(errno.ENOTEMPTY, line)

    assert in_child(act, flags=namespaces.CLONE_NEWUSER) == 0


@pytest.mark.parametrize("capability", [0, 40])
def test_a_capability_that_every_kernel_has_is_not_passed_over(
    capability: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter around jailpy can answer prctl(2) with any errno; EINVAL is no end of the capabilities then."""
    tried: list[int] = []

    def refuse(_: str, __: int, number: int, *___: int) -> int:
        tried.append(number)
        if number == capability:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return 0

    monkeypatch.setattr(capabilities, "call", refuse)
    with pytest.raises(OSError, match="Invalid argument"):
        capabilities.drop_bounding_set()
    assert tried == list(range(capability + 1))
