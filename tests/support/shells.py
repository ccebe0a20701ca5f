"""Interactive shells: what stands on the line after something is typed, and a TAB."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.terminal import DEADLINE, Terminal

PROMPT = "ready> "
TAB, SHOW, CLEAR = b"\t", b"\x14", b"\x15"  # Ctrl-T is bound to write the line to a file, Ctrl-U clears it
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


class Shell(Terminal):
    """A shell that has read one completion script, in ``folder``."""

    def __init__(self, program: str, script: Path, folder: Path, env: Mapping[str, str]) -> None:
        self._name = Path(program).name
        self._line = folder / "line"
        super().__init__([program, *ARGUMENTS[self._name]], cwd=folder, env=env)
        begin = STARTS[self._name].replace("SCRIPT", str(script)).replace("PROMPT", PROMPT)
        self.type(begin.lstrip().encode())
        deadline = time.monotonic() + DEADLINE
        while PROMPT.encode() not in (last := self.seen.rpartition(b"\n")[2]) or b"'" in last:  # shown as typed, too
            assert time.monotonic() < deadline, self.seen
            self.look()

    def completed(self, texts: Sequence[str]) -> dict[str, str]:
        """What each text becomes by one TAB."""
        found = {}
        for text in texts:
            self._line.unlink(missing_ok=True)
            self.type(CLEAR + text.encode() + TAB + SHOW)
            deadline = time.monotonic() + DEADLINE
            while not (self._line.exists() and self._line.read_text().endswith("\n")):
                assert time.monotonic() < deadline, f"{self._name} does not answer to {text!r}"
                self.look()
            found[text] = self._line.read_text().rstrip("\n")
        return found
