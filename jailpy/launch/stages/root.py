"""The jail's root: an empty tmpfs, and in it only what the plan names.

Everything is made relative to descriptors of our own mounts. Mount points are resolved beneath the new root
with no symlink followed, so that nothing planted in a shared folder can lead a mount elsewhere.
"""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import errno

from jailpy import system as os
from jailpy.kernel import mounts, paths
from jailpy.launch.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_OLD = ".old"
_BELOW = "root"


def below_namespace_root(ctx: Context) -> None:
    ctx.below = True


def root_attribute(ctx: Context, flag: int) -> None:
    ctx.root_attributes |= flag


def tree_attribute(ctx: Context, flag: int) -> None:
    ctx.tree_attributes |= flag


def tree_propagation(ctx: Context, kind: int) -> None:
    ctx.tree_propagation = kind


def proc_option(ctx: Context, key: str, value: str) -> None:
    ctx.proc_options.append((key, value))


def proc_attribute(ctx: Context, flag: int) -> None:
    ctx.proc_attributes |= flag


def scratch_option(ctx: Context, key: str, value: str) -> None:
    ctx.scratch_options.append((key, value))


def scratch_attribute(ctx: Context, flag: int) -> None:
    ctx.scratch_attributes |= flag


def shm_attribute(ctx: Context, flag: int) -> None:
    ctx.shm_attributes |= flag


def device_attribute(ctx: Context, flag: int) -> None:
    ctx.device_attributes |= flag


def private_mounts(_: Context) -> None:
    mounts.set_attributes(mounts.AT_FDCWD, "/", propagation=mounts.PRIVATE, recursive=True)


def new_root(ctx: Context, size: int, files: int) -> None:
    """Stack our tmpfs on the host's root: paths still lead to the host, whose trees are opened next."""
    options = (("size", str(size)), ("nr_inodes", str(files)), ("mode", "0755"))
    ctx.root = mounts.new_filesystem("tmpfs", options, ctx.root_attributes)
    ctx.base = ctx.root
    if ctx.below:
        ctx.base = mounts.new_filesystem(
            "tmpfs", (("size", "4k"), ("nr_inodes", "4"), ("mode", "0755")), ctx.root_attributes
        )
    mounts.move_mount(ctx.base, "/")
    if ctx.below:
        os.mkdir(_BELOW, 0o755, dir_fd=ctx.base)
        mounts.move_mount(ctx.root, _BELOW, at=ctx.base)
    os.mkdir(_OLD, 0o755, dir_fd=ctx.root)


def make_folders(ctx: Context, folders: tuple[tuple[str, int], ...]) -> None:
    for path, mode in folders:
        os.mkdir(path[1:], mode, dir_fd=ctx.root)


def make_file(ctx: Context, path: str, mode: int, content: bytes) -> None:
    fd = os.open(path[1:], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=ctx.root)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)


def make_links(ctx: Context, links: tuple[tuple[str, str], ...]) -> None:
    for path, value in links:
        try:
            os.symlink(value, path[1:], dir_fd=ctx.root)
        except FileNotFoundError:  # below a scratch folder, whose tmpfs has covered the folders made before
            os.close(paths.make_parents(ctx.root, path))
            os.symlink(value, path[1:], dir_fd=ctx.root)


def make_placeholders(ctx: Context, files: tuple[str, ...]) -> None:
    for path in files:
        os.mknod(path[1:], stat.S_IFREG | 0o644, dir_fd=ctx.root)


def make_scratch(ctx: Context, path: str, mode: str) -> None:
    options = (*ctx.scratch_options, ("mode", mode))
    extra = ctx.shm_attributes if path == "/dev/shm" else 0
    _attach(ctx, mounts.new_filesystem("tmpfs", options, ctx.scratch_attributes | extra), path)


def make_mount_point(ctx: Context, path: str, kind: str) -> None:
    """An empty file or folder in one of our own file systems, with its parents, for a later mount."""
    parent = paths.make_parents(ctx.root, path)
    try:
        name = path.rpartition("/")[2]
        if kind == "dir":
            os.mkdir(name, 0o755, dir_fd=parent)
        else:
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644, dir_fd=parent))
    except FileExistsError:
        pass
    finally:
        os.close(parent)


def attach_tree(ctx: Context, source: str, target: str, writable: bool, identity: tuple[int, int] | None) -> None:
    """Attach a copy of the mount at ``source``; ``identity`` is the device and inode that the plan looked at."""
    tree = ctx.trees.pop(target, -1)
    if tree < 0:
        tree = mounts.open_tree(source, recursive=True)
    if identity is not None:
        status = os.fstat(tree)
        if (status.st_dev, status.st_ino) != identity:
            raise OSError(errno.ESTALE, "was replaced by another between the check and the start", source)
    on = ctx.tree_attributes & ~mounts.READ_ONLY if writable else ctx.tree_attributes
    mounts.set_attributes(tree, on=on, propagation=ctx.tree_propagation, recursive=True)
    _attach(ctx, tree, target)


def cover(ctx: Context, path: str, substitute: str) -> None:
    """Hide ``path`` of a mounted tree behind ``substitute``, a file or folder of the new root."""
    tree = mounts.open_tree(substitute[1:], at=ctx.root)
    mounts.set_attributes(tree, on=mounts.READ_ONLY | mounts.NO_SUID | mounts.NO_DEV | mounts.NO_EXEC)
    _attach(ctx, tree, path)


def attach_device(ctx: Context, name: str, major: int, minor: int) -> None:
    """A device of the host, by its number: a /dev that somebody rearranged gives nothing else."""
    fd = os.open(f"/dev/{name}", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if ctx.check_devices and (not stat.S_ISCHR(status.st_mode) or status.st_rdev != os.makedev(major, minor)):
            raise OSError(errno.ENODEV, f"is not character device {major}:{minor}", f"/dev/{name}")
        tree = mounts.open_tree("", at=fd)
    finally:
        os.close(fd)
    mounts.set_attributes(tree, on=ctx.device_attributes)
    _attach(ctx, tree, f"/dev/{name}")


def check_device_numbers(ctx: Context) -> None:
    ctx.check_devices = True


def mount_proc(ctx: Context) -> None:
    _attach(ctx, mounts.new_filesystem("proc", tuple(ctx.proc_options), ctx.proc_attributes), "/proc")


def make_terminal(ctx: Context) -> None:
    """A terminal of a devpts of our own, the only one that can be made there; the launcher is sent both sides."""
    from jailpy.kernel import handover, terminals  # which few jails need; the launcher has imported them by now

    options = (("mode", "0600"), ("ptmxmode", "0"), ("max", "1"))
    tree = mounts.new_filesystem("devpts", options, mounts.NO_SUID | mounts.NO_EXEC)
    master, slave = terminals.new(tree)
    handover.send(ctx.terminal, master, slave)
    ctx.terminal = -1
    os.close(master)
    ctx.streams = (slave, os.dup(slave), os.dup(slave))
    _attach(ctx, tree, "/dev/pts")


def pivot(ctx: Context) -> None:
    os.fchdir(ctx.base)
    mounts.pivot_root(".", f"{_BELOW}/{_OLD}" if ctx.below else _OLD)
    os.chdir("/")


def detach_old_root(ctx: Context) -> None:
    os.fchdir(ctx.root)
    mounts.detach(_OLD)
    os.rmdir(_OLD)


def read_only_root(ctx: Context) -> None:
    for mount in {ctx.root, ctx.base}:
        mounts.set_attributes(mount, on=mounts.READ_ONLY)


def enter(ctx: Context, folder: str) -> None:
    """Enter the jail's own root and close our descriptors of it."""
    os.fchdir(ctx.root)
    if ctx.below:
        os.chroot(".")
    for mount in {ctx.root, ctx.base}:
        os.close(mount)
    ctx.root = ctx.base = -1
    os.chdir(folder)
    if not os.getcwd().startswith("/"):  # the kernel says "(unreachable)" when cwd is outside the root
        raise OSError(errno.EXDEV, "the working folder is outside the root", folder)


def _attach(ctx: Context, tree: int, target: str) -> None:
    point = paths.open_beneath(ctx.root, target)
    try:
        mounts.move_mount(tree, "", at=point)
    finally:
        os.close(point)
        os.close(tree)


ACTS: dict[str, Callable[..., None]] = {
    "below-namespace-root": below_namespace_root,
    "root-attribute": root_attribute,
    "tree-attribute": tree_attribute,
    "tree-propagation": tree_propagation,
    "proc-option": proc_option,
    "proc-attribute": proc_attribute,
    "scratch-option": scratch_option,
    "scratch-attribute": scratch_attribute,
    "shm-attribute": shm_attribute,
    "device-attribute": device_attribute,
    "private-mounts": private_mounts,
    "new-root": new_root,
    "folders": make_folders,
    "file": make_file,
    "links": make_links,
    "placeholders": make_placeholders,
    "scratch": make_scratch,
    "mount-point": make_mount_point,
    "tree": attach_tree,
    "cover": cover,
    "device": attach_device,
    "check-devices": check_device_numbers,
    "proc": mount_proc,
    "terminal": make_terminal,
    "pivot": pivot,
    "detach-old-root": detach_old_root,
    "read-only-root": read_only_root,
    "enter": enter,
}
