"""The launcher as the library starts it: two descriptors besides the streams, and no words.

CONTROL is a socket: the request comes in by it, the report goes out, and when the application shuts it the jail ends.
HOST is a pidfd of the application: PDEATHSIG would be bound to the thread that started us, and a socket's other end may
live on in a process that the application has forked.
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import gc
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpy.errors import JailError
    from jailpy.model.request import Request

CONTROL, HOST = 3, 4
LENGTH = 8  # bytes of the number that stands before the request


def main() -> None:
    """Read the request, carry it out, report. Never returns."""
    os.closerange(HOST + 1, (1 << 31) - 1)  # what the application lets its children inherit
    gc.disable()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.argv[0] = __file__
    try:
        for fd in (CONTROL, HOST):
            os.set_inheritable(fd, False)
    except OSError as error:
        from jailpy.errors import UsageError

        raise UsageError("--hosted: is for jailpy's library, and not for people") from error
    _carry_out()
    os._exit(0)  # the outcome is in the report


def _carry_out() -> None:
    from jailpy import imports

    imports.use()
    from jailpy.cli import run
    from jailpy.errors import JailError

    report = f"fd:{CONTROL}"
    try:
        run.understood(_request, report, "plugin", silent=True)
    except JailError:
        return  # nobody reads the report any more
    except Exception as error:  # noqa: BLE001 (whatever it is, the application must hear of it)
        from jailpy.cli.boundary import cause

        run.understood(_raiser(cause(error)), report, "plugin", silent=True)


def _request() -> Request:
    from jailpy.cli.request import make

    size = int.from_bytes(_exactly(LENGTH), "little")
    words, given = marshal.loads(_exactly(size))
    return make("run", words, given)._replace(leashes=(CONTROL, HOST))


def _exactly(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(CONTROL, min(size, 1 << 20))
        if not part:
            os._exit(0)  # the application has given up before it had asked for anything
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _raiser(error: JailError) -> Callable[[], Request]:
    def fail() -> Request:
        raise error

    return fail
