"""Steps that make the jail's root: an empty tmpfs with the interpreter, shares, /dev, /proc and /etc in it."""

from __future__ import annotations

import errno
import os

from jailpy.errors import UsageError
from jailpy.kernel import mounts
from jailpy.model.host import Host
from jailpy.model.interpreter import Interpreter, Tree
from jailpy.model.plan import Step
from jailpy.model.policy import Policy
from jailpy.plan import etc
from jailpy.plan.contents import Contents
from jailpy.plan.intake import Program
from jailpy.plan.steps import build, wall

DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9))
SCRATCH = (("/tmp", "1777", 0), ("/work", "0755", 0), ("/dev/shm", "1777", mounts.NO_EXEC))
_MOUNT = ("namespace-mount",)
_ROOT = ("new-root",)
_QUIET = mounts.NO_SUID | mounts.NO_DEV | mounts.NO_EXEC


def steps(policy: Policy, host: Host, interpreter: Interpreter, program: Program) -> list[Step]:
    """The steps of the stage root (for host root one of prepare too), in the order in which they must run."""
    contents = _contents(interpreter, program)
    files = [*etc.files(policy), *program.files]
    return [
        *_opened_by_root(host, contents),
        *_empty_root(files),
        *_filled_root(policy, contents, files, interpreter, program),
        *_kernel_file_systems(policy),
        *_entered(),
    ]


def _contents(interpreter: Interpreter, program: Program) -> Contents:
    contents = Contents(interpreter.links)
    for tree in interpreter.trees:
        contents.add(tree, None, writable=False)
    for share in program.shares:
        contents.add(share.tree, share.identity, writable=share.writable)
    return contents


def _opened_by_root(host: Host, contents: Contents) -> list[Step]:
    if host.uid != 0:
        return []
    sources = tuple(dict.fromkeys(entry.tree.source for entry in contents.entries))
    text = f"{len(sources)} files and folders are opened with the caller's rights"
    return [build("prepare", "rootfs", "trees-opened", text, "open-trees", sources)]


def _empty_root(files: list[tuple[str, int, bytes]]) -> list[Step]:
    size = sum(len(content) + 4096 for _, _, content in files) + (1 << 20)
    stage, layer = "root", "rootfs"
    flags = mounts.NO_SUID | mounts.NO_DEV | mounts.NO_EXEC
    return [
        build(stage, layer, "mounts-private", "no mount event comes in or goes out", "private-mounts", needs=_MOUNT),
        wall(stage, layer, "below-namespace-root", "the root is a folder below the namespace's root: the kernel then refuses"
             " user namespaces", "below-namespace-root",
             shadows=("seccomp-namespaces", "user-namespaces-none"), needs=_ROOT),
        wall(stage, layer, "root-flags", "the root is nosuid, nodev, noexec", "root-attribute", flags, needs=_ROOT),
        build(stage, layer, "new-root", "an empty tmpfs", "new-root", size, 4096, needs=_MOUNT),
    ]  # fmt: skip


def _filled_root(policy: Policy, contents: Contents, files: list[tuple[str, int, bytes]], interpreter: Interpreter,
                 program: Program) -> list[Step]:  # fmt: skip
    stage, layer = "root", "rootfs"
    filesystem = policy.filesystem
    links = tuple((link.path, link.value) for link in (*interpreter.links, *etc.LINKS))
    covers = etc.covers(interpreter.masks)
    files = [*files, *covers.files]
    folders = contents.folders([path for path, _, _ in files], [path for path, _ in links], covers.folders)
    found = [
        build(stage, layer, "folders", f"{len(folders)} folders", "folders", folders, needs=_ROOT),
        build(stage, layer, "placeholders", "mount points for files", "placeholders", contents.placeholders(DEVICES), needs=_ROOT),
        build(stage, layer, "links", f"{len(links)} symbolic links", "links", links, needs=_ROOT),
    ]
    for path, mode, content in files:
        name = f"file {path}"
        found.append(build(stage, layer, name, f"{len(content)} bytes, mode {mode:o}", "file", path, mode, content, needs=_ROOT))
    found += _scratch(filesystem.tmp, filesystem.tmp_files)
    for entry in contents.inside_scratch():
        found.append(build(stage, layer, f"mount-point {entry.tree.target}", entry.tree.kind, "mount-point",
                           entry.tree.target, entry.tree.kind, needs=_ROOT))
    read_only = ("landlock-write-file", "landlock-remove", "landlock-make", "landlock-truncate")
    found += [
        wall(stage, layer, "tree-read-only", "what is mounted from the host is read-only", "tree-attribute",
             mounts.READ_ONLY, shadows=read_only, needs=_ROOT),
        wall(stage, layer, "tree-flags", "what is mounted from the host is nosuid, nodev", "tree-attribute",
             mounts.NO_SUID | mounts.NO_DEV, needs=_ROOT),
        wall(stage, layer, "tree-private", "later mounts of the host do not appear", "tree-propagation", mounts.PRIVATE,
             needs=_ROOT, shadows=("mounts-private",)),
    ]
    for entry in contents.entries:
        tree = entry.tree
        text = f"{tree.source}, {'writable' if entry.writable else 'read-only'} ({tree.why})"
        found.append(build(stage, layer, f"tree {tree.target}", text, "tree", tree.source, tree.target, entry.writable,
                           entry.identity, needs=_ROOT))
    for path, substitute, module in covers.covers:
        found.append(build(stage, layer, f"left-out {path}", module or "not of the interpreter itself", "cover", path,
                           substitute, needs=_ROOT))
    return found  # fmt: skip


def _scratch(size: int | None, files: int | None) -> list[Step]:
    stage, layer = "root", "rootfs"
    found = []
    if size is not None:
        found.append(wall(stage, layer, "scratch-size", f"/tmp, /work and /dev/shm hold {size} bytes each",
                          "scratch-option", "size", str(size), needs=_ROOT))
    if files is not None:
        found.append(wall(stage, layer, "scratch-files", f"/tmp, /work and /dev/shm hold {files} files each",
                          "scratch-option", "nr_inodes", str(files), needs=_ROOT))
    found.append(wall(stage, layer, "scratch-flags", "/tmp, /work and /dev/shm are nosuid, nodev", "scratch-attribute",
                      mounts.NO_SUID | mounts.NO_DEV, needs=_ROOT))
    found.append(wall(stage, layer, "shm-no-exec", "/dev/shm is noexec", "shm-attribute", mounts.NO_EXEC, needs=_ROOT,
                      shadows=("landlock-execute",)))
    for path, mode, _ in SCRATCH:
        found.append(build(stage, layer, f"scratch {path}", "an empty tmpfs", "scratch", path, mode, needs=_ROOT))
    return found  # fmt: skip


def _kernel_file_systems(policy: Policy) -> list[Step]:
    stage, layer = "root", "rootfs"
    found = [
        wall(stage, layer, "device-numbers", "each device is checked by its number", "check-devices", needs=_ROOT),
        wall(stage, layer, "device-flags", "devices are nosuid, noexec", "device-attribute",
             mounts.NO_SUID | mounts.NO_EXEC, needs=_ROOT),
    ]
    for name, major, minor in DEVICES:
        found.append(build(stage, layer, f"device /dev/{name}", f"character device {major}:{minor}", "device", name, major,
                           minor, needs=_ROOT))
    if policy.filesystem.proc == "off":
        return found
    soft = policy.filesystem.proc == "preferred"
    needs = ("new-root", "namespace-pid")
    return [
        *found,
        wall(stage, layer, "proc-flags", "/proc is nosuid, nodev, noexec", "proc-attribute", _QUIET, needs=needs),
        wall(stage, layer, "proc-read-only", "/proc is read-only", "proc-attribute", mounts.READ_ONLY, needs=needs),
        wall(stage, layer, "proc-hides-others", "processes that may not be traced are not shown (hidepid=2)", "proc-option",
             "hidepid", "2", needs=needs, shadows=("pid-1-hidden",)),
        wall(stage, layer, "proc-pids-only", "/proc shows processes and nothing else (subset=pid)", "proc-option", "subset",
             "pid", needs=needs),
        build(stage, layer, "proc", "/proc of the jail's own processes", "proc", needs=needs, soft=soft),
    ]  # fmt: skip


def _entered() -> list[Step]:
    stage, layer = "root", "rootfs"
    return [
        build(stage, layer, "pivot-root", "the tmpfs becomes the root of the mount namespace", "pivot", needs=_ROOT),
        wall(stage, layer, "old-root-gone", "the host's root is unmounted", "detach-old-root", needs=("pivot-root",),
             shadows=("landlock-read-file",)),
        wall(stage, layer, "root-read-only", "the root is read-only", "read-only-root", needs=_ROOT,
             shadows=("landlock-make", "landlock-write-file", "landlock-remove")),
        build(stage, layer, "entered", "chroot below the namespace's root; the working folder is /work", "enter", "/work",
              needs=_ROOT),
    ]  # fmt: skip
