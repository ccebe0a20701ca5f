"""Steps that make the file systems of the jail's own: scratch space, /dev and /proc."""

from __future__ import annotations

from jailpy.kernel import mounts
from jailpy.model.plan import Step
from jailpy.model.policy import FilesystemPolicy
from jailpy.plan.steps import Section

_INTO = Section("root", "rootfs", ("new-root",))

DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9))
_SCRATCH = (("/tmp", "1777"), ("/work", "0755"), ("/dev/shm", "1777"))


def scratch(filesystem: FilesystemPolicy) -> list[Step]:
    """/tmp, /work and /dev/shm, each with a quota."""
    size, files = filesystem.tmp, filesystem.tmp_files
    found = []
    if size is not None:
        found.append(
            _INTO.wall(
                "scratch-size", f"/tmp, /work and /dev/shm hold {size} bytes each", "scratch-option", "size", str(size)
            )
        )
    if files is not None:
        found.append(
            _INTO.wall(
                "scratch-files",
                f"/tmp, /work and /dev/shm hold {files} files each",
                "scratch-option",
                "nr_inodes",
                str(files),
            )
        )
    found.append(
        _INTO.wall(
            "scratch-flags",
            "/tmp, /work and /dev/shm are nosuid, nodev",
            "scratch-attribute",
            mounts.NO_SUID | mounts.NO_DEV,
        )
    )
    found.append(
        _INTO.wall("shm-no-exec", "/dev/shm is noexec", "shm-attribute", mounts.NO_EXEC, shadows=("landlock-execute",))
    )
    for path, mode in _SCRATCH:
        found.append(_INTO.build(f"scratch {path}", "an empty tmpfs", "scratch", path, mode))
    return found


def terminal() -> list[Step]:
    """A terminal for the plugin alone, in a devpts that has no other."""
    return [
        _INTO.build("mount-point /dev/pts", "dir", "mount-point", "/dev/pts", "dir"),
        _INTO.build("terminal", "a terminal of the jail's own, whose other side only the launcher has", "terminal"),
    ]


def kernel_file_systems(filesystem: FilesystemPolicy) -> list[Step]:
    """A /dev of five devices, and a hardened /proc."""
    found = [
        _INTO.wall("device-numbers", "each device is checked by its number", "check-devices"),
        _INTO.wall(
            "device-flags",
            "devices are nosuid, noexec; only through them is written, their times and modes stay",
            "device-attribute",
            mounts.NO_SUID | mounts.NO_EXEC | mounts.READ_ONLY,
        ),
    ]
    for name, major, minor in DEVICES:
        found.append(
            _INTO.build(f"device /dev/{name}", f"character device {major}:{minor}", "device", name, major, minor)
        )
    if filesystem.proc == "off":
        return found
    soft = filesystem.proc == "preferred"
    needs = ("new-root", "namespace-pid")
    flags = mounts.NO_SUID | mounts.NO_DEV | mounts.NO_EXEC
    return [
        *found,
        _INTO.wall("proc-flags", "/proc is nosuid, nodev, noexec", "proc-attribute", flags, needs=needs),
        _INTO.wall(
            "proc-read-only",
            "/proc is read-only",
            "proc-attribute",
            mounts.READ_ONLY,
            needs=needs,
            shadows=("landlock-write-file",),
        ),
        _INTO.wall(
            "proc-hides-others",
            "processes that may not be traced are not shown (hidepid=2)",
            "proc-option",
            "hidepid",
            "2",
            needs=needs,
        ),
        _INTO.wall(
            "proc-pids-only",
            "/proc shows processes and nothing else (subset=pid)",
            "proc-option",
            "subset",
            "pid",
            needs=needs,
        ),
        _INTO.build("proc", "/proc of the jail's own processes", "proc", needs=needs, soft=soft),
    ]
