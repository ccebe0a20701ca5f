"""A root made from an Interpreter with mount(8) and chroot(1) alone, so that only what was discovered is in it."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

from jailpy.model.interpreter import Interpreter, Mask

_REFUSAL = "raise ImportError('left out of this jail')"
_TIME = 60  # seconds that a program may take


def run_inside(interpreter: Interpreter, code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` by the interpreter, isolated, in a root of its own."""
    lines = ["set -e", "cd /", "mount -t tmpfs none /mnt", "mkdir /mnt/proc /mnt/dev", "mount --rbind /proc /mnt/proc"]
    for tree in interpreter.trees:
        target = shlex.quote(f"/mnt{tree.target}")
        lines += [_place(target, tree.kind), f"mount --rbind {shlex.quote(tree.source)} {target}"]
    for link in interpreter.links:
        path = shlex.quote(f"/mnt{link.path}")
        lines += [f"mkdir -p $(dirname {path})", f"ln -s {shlex.quote(link.value)} {path}"]
    lines.append("mkdir /mnt/.masks")
    for number, mask in enumerate(interpreter.masks):
        lines += _mask(mask, f"/mnt/.masks/{number}")
    lines.append("mkdir -p /mnt/tmp; touch /mnt/dev/null; mount --bind /dev/null /mnt/dev/null")
    start = ["env", "-i", "/usr/sbin/chroot", "/mnt", interpreter.executable, "-I", "-c", code]
    lines.append(f"exec {shlex.join(start)}")
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-s"]
    return subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=_TIME)


def answer_inside(interpreter: Interpreter, expression: str, imports: str = "sys") -> Any:
    """The value of an expression, evaluated in such a root."""
    done = run_inside(interpreter, f"import json, {imports}\nprint(json.dumps({expression}))")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def answer_outside(program: Path | str, expression: str, imports: str = "sys") -> Any:
    """The same on the host, by the same interpreter."""
    code = f"import json, {imports}\nprint(json.dumps({expression}))"
    done = subprocess.run([program, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=_TIME)
    return json.loads(done.stdout)


def _place(target: str, kind: str) -> str:
    if kind == "dir":
        return f"mkdir -p {target}"
    return f"mkdir -p $(dirname {target}); touch {target}"


def _mask(mask: Mask, cover: str) -> list[str]:
    make = {
        "dir": f"mkdir {cover}",
        "package": f'mkdir {cover}; echo "{_REFUSAL}" > {cover}/__init__.py',
        "module": f'echo "{_REFUSAL}" > {cover}',
        "file": f"touch {cover}; chmod 0 {cover}",
    }
    return [make[mask.kind], f"mount --bind {cover} {shlex.quote(f'/mnt{mask.path}')}"]
