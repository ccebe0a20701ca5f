"""The jail's own /etc, the links of /dev, and what stands in for modules that are left out."""

from __future__ import annotations

from jailpy.model.interpreter import Link, Mask
from jailpy.model.policy import Policy
from jailpy.model.record import Record
from jailpy.plan.birth import INSIDE_ID

LINKS = (
    Link(path="/dev/fd", value="/proc/self/fd"),
    Link(path="/dev/stdin", value="/proc/self/fd/0"),
    Link(path="/dev/stdout", value="/proc/self/fd/1"),
    Link(path="/dev/stderr", value="/proc/self/fd/2"),
    Link(path="/var/tmp", value="/tmp"),
)
_FROM_HOST = ("/etc/services", "/etc/protocols", "/etc/localtime")
_CAP = 1 << 17  # bytes taken of each
_LEFT_OUT = "/run/jailpy/left-out"


def files(policy: Policy) -> list[tuple[str, int, bytes]]:
    """Path, mode and content of the files of /etc; names resolve from files alone."""
    identity = f"plugin:x:{INSIDE_ID}:{INSIDE_ID}:plugin:/work:/bin/false\n"
    texts = {
        "passwd": identity + "nobody:x:65534:65534:nobody:/:/bin/false\n",
        "group": f"plugin:x:{INSIDE_ID}:\nnogroup:x:65534:\n",
        "hosts": f"127.0.0.1 localhost {policy.process.hostname}\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
        "host.conf": "multi on\n",
    }
    found = [(f"/etc/{name}", 0o644, text.encode()) for name, text in texts.items()]
    for path in _FROM_HOST:
        try:
            with open(path, "rb") as file:
                found.append((path, 0o644, file.read(_CAP)))
        except OSError:
            continue  # a host without it: the lookup fails in the jail as it does outside
    return found


class Covers(Record):
    folders: list[str]
    files: list[tuple[str, int, bytes]]
    covers: list[tuple[str, str, str]]  # what is hidden, what stands there instead, the module


def covers(masks: tuple[Mask, ...]) -> Covers:
    """Something to mount over each path that is left out, so that an import says why it fails."""
    found = Covers(folders=[], files=[], covers=[])
    for number, mask in enumerate(masks):
        substitute = f"{_LEFT_OUT}/{number}"
        reason = f"{mask.module} is left out of this jail (python.without)"
        text = f"raise ModuleNotFoundError({reason!r}, name={mask.module!r})\n".encode()
        if mask.kind == "package":
            found.files.append((f"{substitute}/__init__.py", 0o644, text))
        elif mask.kind == "module":
            found.files.append((substitute, 0o644, text))
        elif mask.kind == "file":
            found.files.append((substitute, 0o000, b""))
        else:
            found.folders.append(f"{substitute}/")
        found.covers.append((mask.path, substitute, mask.module))
    return found
