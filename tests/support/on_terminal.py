"""Run as the caller: a command on a terminal of 80 columns on which nobody types; what it prints goes to our output.

on_terminal.py COMMAND [ARG]…
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios

SIZE = struct.pack("@4H", 24, 80, 0, 0)  # rows, columns

pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, SIZE)
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        data = os.read(master, 1 << 16)
    except OSError:  # EIO: the last process that had the terminal has ended
        break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
