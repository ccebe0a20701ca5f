"""Job control: told to stop (Ctrl-Z), we stop the whole jail first, and let it go on when we do."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpy.launch.streams import Streams


def rest(tell: Callable[[int], None], streams: Streams) -> float:
    """Stop until somebody continues us; how many seconds that took, for which no clock of the run may count.

    ``tell`` passes a signal to every process of the jail.
    """
    began = time.monotonic()
    tell(signal.SIGSTOP)
    streams.leave()
    handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTSTP)  # returns when we are continued
    signal.signal(signal.SIGTSTP, handler)
    streams.enter()
    tell(signal.SIGCONT)
    return time.monotonic() - began
