"""Steps that make the file systems of the jail's own: scratch space, /dev and /proc."""

from __future__ import annotations

from jailpy.kernel import mounts
from jailpy.model.plan import Step
from jailpy.model.policy import FilesystemPolicy
from jailpy.plan.steps import build, wall

DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9))
_SCRATCH = (("/tmp", "1777"), ("/work", "0755"), ("/dev/shm", "1777"))
_ROOT = ("new-root",)


def scratch(filesystem: FilesystemPolicy) -> list[Step]:
    """/tmp, /work and /dev/shm, each with a quota."""
    size, files = filesystem.tmp, filesystem.tmp_files
    stage, layer = "root", "rootfs"
    found = []
    if size is not None:
        found.append(
            wall(
                stage,
                layer,
                "scratch-size",
                f"/tmp, /work and /dev/shm hold {size} bytes each",
                "scratch-option",
                "size",
                str(size),
                needs=_ROOT,
            )
        )
    if files is not None:
        found.append(
            wall(
                stage,
                layer,
                "scratch-files",
                f"/tmp, /work and /dev/shm hold {files} files each",
                "scratch-option",
                "nr_inodes",
                str(files),
                needs=_ROOT,
            )
        )
    found.append(
        wall(
            stage,
            layer,
            "scratch-flags",
            "/tmp, /work and /dev/shm are nosuid, nodev",
            "scratch-attribute",
            mounts.NO_SUID | mounts.NO_DEV,
            needs=_ROOT,
        )
    )
    found.append(
        wall(
            stage,
            layer,
            "shm-no-exec",
            "/dev/shm is noexec",
            "shm-attribute",
            mounts.NO_EXEC,
            needs=_ROOT,
            shadows=("landlock-execute",),
        )
    )
    for path, mode in _SCRATCH:
        found.append(build(stage, layer, f"scratch {path}", "an empty tmpfs", "scratch", path, mode, needs=_ROOT))
    return found


def kernel_file_systems(filesystem: FilesystemPolicy) -> list[Step]:
    """A /dev of five devices, and a hardened /proc."""
    stage, layer = "root", "rootfs"
    found = [
        wall(stage, layer, "device-numbers", "each device is checked by its number", "check-devices", needs=_ROOT),
        wall(
            stage,
            layer,
            "device-flags",
            "devices are nosuid, noexec; only through them is written, their times and modes stay",
            "device-attribute",
            mounts.NO_SUID | mounts.NO_EXEC | mounts.READ_ONLY,
            needs=_ROOT,
        ),
    ]
    for name, major, minor in DEVICES:
        found.append(
            build(
                stage,
                layer,
                f"device /dev/{name}",
                f"character device {major}:{minor}",
                "device",
                name,
                major,
                minor,
                needs=_ROOT,
            )
        )
    if filesystem.proc == "off":
        return found
    soft = filesystem.proc == "preferred"
    needs = ("new-root", "namespace-pid")
    flags = mounts.NO_SUID | mounts.NO_DEV | mounts.NO_EXEC
    return [
        *found,
        wall(stage, layer, "proc-flags", "/proc is nosuid, nodev, noexec", "proc-attribute", flags, needs=needs),
        wall(
            stage,
            layer,
            "proc-read-only",
            "/proc is read-only",
            "proc-attribute",
            mounts.READ_ONLY,
            needs=needs,
            shadows=("landlock-write-file",),
        ),
        wall(
            stage,
            layer,
            "proc-hides-others",
            "processes that may not be traced are not shown (hidepid=2)",
            "proc-option",
            "hidepid",
            "2",
            needs=needs,
        ),
        wall(
            stage,
            layer,
            "proc-pids-only",
            "/proc shows processes and nothing else (subset=pid)",
            "proc-option",
            "subset",
            "pid",
            needs=needs,
        ),
        build(stage, layer, "proc", "/proc of the jail's own processes", "proc", needs=needs, soft=soft),
    ]
