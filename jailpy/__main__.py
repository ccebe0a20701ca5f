"""The command ``jailpy``, and the one boundary at which errors become words.

Start-up budget: ``run`` imports no typer, rich, re, typing, dataclasses, json or tomllib; tests/unit/test_imports.py
holds it to that.
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import gc
import sys

from jailpy import system as os


def main() -> int:
    """Run the command line; the exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C before there is a jail: end at once, without a traceback
    gc.disable()  # imports make no garbage and a launcher no cycles: 2 ms
    try:
        from jailpy import imports

        if sys.argv[1:2] in (["run"], ["--hosted"]):
            imports.use()
        if sys.argv[1:] == ["--hosted"]:  # the library's, where AppArmor knows jailpy by its script
            from jailpy.cli import hosted

            hosted.main()
        from jailpy.cli import quick_run

        request = quick_run.parse(sys.argv[1:])
        if request is not None:
            from jailpy.cli.run import run

            os._exit(run(request))  # nothing is buffered, and the interpreter's own end takes 2 ms
        from jailpy.cli.app import main as typed

        return typed(sys.argv[1:])
    except Exception as error:  # noqa: BLE001 (the one boundary: nothing may reach a user as a traceback)
        try:
            from jailpy.cli.boundary import explain
        except OSError:  # not even for that is there a descriptor
            os.write(2, f"jailpy: {error}\n".encode(errors="replace"))
            return 125
        return explain(error)


if __name__ == "__main__":
    sys.exit(main())
