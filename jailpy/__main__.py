"""The command ``jailpy``.

Start-up budget: the plain form of ``run`` imports no typer, rich, re, typing, enum, dataclasses, json or tomllib;
tests/unit/test_imports.py holds it to that.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; the exit status."""
    from jailpy.cli import quick_run

    request = quick_run.parse(sys.argv[1:])
    if request is not None:
        from jailpy.cli.run import run

        return run(request)
    from jailpy.cli.app import main as typed

    return typed(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
