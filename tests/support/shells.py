"""Interactive shells on a terminal of their own: what is typed, a TAB, and what then stands on the line."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PROMPT = "ready> "
TAB, SHOW, CLEAR = b"\t", b"\x14", b"\x15"  # Ctrl-T is bound to write the line to a file, Ctrl-U clears it
PATIENCE = 30 * float(os.environ.get("JAILPY_TEST_PATIENCE", "1"))  # seconds; only there so that a failure ends
ARGUMENTS = {"bash": ["--noprofile", "--norc", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
STARTS = {
    "bash": r"""
bind 'set bell-style none'; bind -x '"\C-t":printf "%s\n" "$READLINE_LINE" >line'; . 'SCRIPT'; PS1='PROMPT'
""",
    "zsh": """
autoload -U compinit; compinit -D -u; . 'SCRIPT' 2>/dev/null; compdef _jailpy jailpy; unsetopt beep
bindkey '^U' kill-whole-line; show() { print -r -- "$BUFFER" >line }; zle -N show; bindkey '^T' show; PS1='PROMPT'
""",
    "fish": r"""
source 'SCRIPT'; bind \ct 'commandline >line'; bind \cu "commandline ''"; function fish_greeting; end
function fish_prompt; echo -n 'PROMPT'; end
""",
}


class Shell:
    """A shell that has read one completion script, in ``folder``; leaving the context ends it."""

    def __init__(self, program: str, script: Path, folder: Path, env: dict[str, str]) -> None:
        self._name = Path(program).name
        self._line = folder / "line"
        self._begin = STARTS[self._name].replace("SCRIPT", str(script)).replace("PROMPT", PROMPT)
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execve(program, [program, *ARGUMENTS[self._name]], env)

    def __enter__(self) -> Self:
        os.write(self._fd, self._begin.lstrip().encode())
        self._read_until(PROMPT.encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.close(self._fd)
        os.waitpid(self._pid, 0)

    def completed(self, texts: Sequence[str]) -> dict[str, str]:
        """What each text becomes by one TAB."""
        found = {}
        for text in texts:
            self._line.unlink(missing_ok=True)
            os.write(self._fd, CLEAR + text.encode() + TAB + SHOW)
            deadline = time.monotonic() + PATIENCE
            while not (self._line.exists() and self._line.read_text().endswith("\n")):
                assert time.monotonic() < deadline, f"{self._name} does not answer to {text!r}"
                self._drain()
            found[text] = self._line.read_text().rstrip("\n")
        return found

    def _read_until(self, wanted: bytes) -> None:
        """The prompt that follows the line that sets it, which is shown as it is typed."""
        seen, deadline = b"", time.monotonic() + PATIENCE
        while b"\n" not in seen or wanted not in seen.rpartition(b"\n")[2]:
            assert time.monotonic() < deadline, seen
            seen += self._drain()

    def _drain(self) -> bytes:
        ready = select.select([self._fd], [], [], 0.02)[0]
        return os.read(self._fd, 65536) if ready else b""
