"""What ``jailpy run --tty`` runs where no plugin is named: Python, a line at a time, without a history file."""

from __future__ import annotations

import code
import sys


def edit_lines() -> None:
    """Editing and completion by readline, in what a terminal may obey here."""
    try:
        import readline
        import rlcompleter  # noqa: F401 (sets readline's completer)
    except ImportError:  # an interpreter that was built without it
        return
    for line in ("tab: complete", "set enable-bracketed-paste off", "set bell-style none"):
        readline.parse_and_bind(line)


if __name__ == "__main__":
    sys.argv[:] = [""]
    edit_lines()
    names = {"__name__": "__main__", "__doc__": None, "__builtins__": __builtins__}
    code.interact(f"Python {sys.version.split()[0]} in a jail. Ctrl-D ends it.", local=names, exitmsg="")
