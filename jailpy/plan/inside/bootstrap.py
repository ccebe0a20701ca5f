"""Runs first where the interpreter itself must do something before the plugin's first byte.

In a jail whose profile forbids exec or fork, which the interpreter's own start needs, it adds a filter that only
narrows, and tells pid 1 so. For a plugin that is asked where it is when its memory runs short, it sets the handler that
tells it. It is started with -I -S: no other code has run in this interpreter before. Anything that goes wrong ends it
before it opens the plugin.

Arguments: the descriptor to confirm on, the number of seccomp(2), the file of the filter, or "-" for each; the
descriptor for tracebacks, or "-"; then "file" PATH, "code" TEXT or "module" NAME, and the plugin's own arguments.
"""

from __future__ import annotations

import faulthandler
import os
import sys

_SET_MODE_FILTER = 1
_TRACE = 63  # the signal at which the stack of each thread is written


def narrow(number: int, path: str) -> None:
    """Add the filter that stands in ``path`` to this process."""
    import ctypes

    class Program(ctypes.Structure):
        """struct sock_fprog."""

        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    with open(path, "rb") as file:
        code = file.read()
    buffer = ctypes.create_string_buffer(code, len(code))
    program = Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(number), ctypes.c_long(_SET_MODE_FILTER), ctypes.c_long(0), ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), "the narrower filter is refused")


def run(kind: str, what: str) -> None:
    """What ``python FILE``, ``python -c`` and ``python -m`` do."""
    if kind == "code":
        _execute(compile(what, "<string>", "exec"))
    elif kind == "module":
        import runpy

        runpy.run_module(what, run_name="__main__", alter_sys=True)
    elif os.path.isdir(what) or what.endswith(".pyz"):
        import runpy

        runpy.run_path(what, run_name="__main__")
    else:
        with open(what, "rb") as file:
            source = file.read()
        _execute(compile(source, what, "exec"), what)


def _execute(code: object, path: str = "") -> None:
    main = sys.modules["__main__"].__dict__
    kept = {name: main[name] for name in ("__name__", "__builtins__", "__loader__", "__spec__", "__package__")}
    main.clear()
    main.update(kept, __doc__=None, **({"__file__": path} if path else {}))
    exec(code, main)  # type: ignore[arg-type]


def start() -> None:
    """Narrow, confirm, and become the plugin."""
    confirm, number, path, trace, kind, what = sys.argv[1:7]
    if confirm != "-":
        narrow(int(number), path)
        os.write(int(confirm), b"1")
        os.close(int(confirm))
    if trace != "-":
        faulthandler.register(_TRACE, file=int(trace), all_threads=True, chain=False)
        os.set_inheritable(int(trace), False)
    sys.argv[:] = ["-c" if kind == "code" else what, *sys.argv[7:]]
    import site

    site.main()
    run(kind, what)


if __name__ == "__main__":
    start()
