"""Steps that make the jail's root: an empty tmpfs with the interpreter, shares, /dev, /proc and /etc in it."""

from __future__ import annotations

import os
import stat

from jailpy.kernel import mounts
from jailpy.model.host import Host
from jailpy.model.interpreter import Interpreter, Mask
from jailpy.model.plan import Step
from jailpy.model.policy import LimitsPolicy, Policy
from jailpy.plan import etc, out, plugin, special
from jailpy.plan.contents import Contents
from jailpy.plan.intake import Program
from jailpy.plan.steps import Section

_PREPARE = Section("prepare", "rootfs")
_INTO = Section("root", "rootfs", ("new-root",))

_LIMITS = Section("prepare", "limits")
_MOUNT = ("namespace-mount",)


def steps(policy: Policy, host: Host, host_id: int, interpreter: Interpreter, program: Program) -> list[Step]:
    """The steps of the stage root (for host root one of prepare too), in the order in which they must run."""
    contents = _contents(interpreter, program)
    files = [*etc.files(policy), *program.files]
    return [
        *_opened_by_root(host, host_id, contents),
        *_write_limits(policy.limits, contents),
        *_empty_root(files),
        *_filled_root(policy, contents, files, interpreter),
        *special.kernel_file_systems(policy.filesystem),
        *(special.terminal() if program.terminal else ()),
        *(out.steps(program.out, policy.filesystem) if program.out else ()),
        *_entered(),
    ]


def _contents(interpreter: Interpreter, program: Program) -> Contents:
    contents = Contents(interpreter.links)
    for tree in interpreter.trees:
        contents.add(tree, None, writable=False)
    for share in program.shares:
        contents.add(share.tree, share.identity, writable=share.writable)
    return contents


def _opened_by_root(host: Host, host_id: int, contents: Contents) -> list[Step]:
    if host.uid != 0:
        return []
    trees = tuple((entry.tree.source, entry.tree.target) for entry in contents.entries)
    text = f"{len(trees)} files and folders are opened with the caller's rights"
    found = [_PREPARE.build("trees-opened", text, "open-trees", trees)]
    for entry in contents.entries:
        source, target = entry.tree.source, entry.tree.target
        if entry.identity is None and not _is_private(source):
            continue
        text = f"the owner of {source} is the jail's own id there"
        needs, soft = ("trees-opened",), not entry.writable
        found.append(
            _PREPARE.build(
                f"owner-mapped {target}",
                text,
                "map-owner",
                source,
                target,
                host_id,
                entry.writable,
                needs=needs,
                soft=soft,
            )
        )
    return found


def _write_limits(limits: LimitsPolicy, contents: Contents) -> list[Step]:
    trees = tuple((entry.tree.source, entry.tree.target) for entry in contents.entries if entry.writable)
    if not trees or (limits.write is None and limits.write_files is None):
        return []
    text = f"{limits.write} bytes and {limits.write_files} files in {len(trees)} write folders, looked at from outside"
    return [_LIMITS.wall("limit-write", text, "write", limits.write, limits.write_files, trees)]


def _is_private(path: str) -> bool:
    """Whether only its owner can read it, as what was installed under umask 077."""
    try:
        return not os.stat(path).st_mode & stat.S_IROTH
    except OSError:
        return False


def _empty_root(files: list[tuple[str, int, bytes]]) -> list[Step]:
    size = sum(plugin.room(content) for _, _, content in files) + (1 << 20)
    flags = mounts.NO_SUID | mounts.NO_DEV | mounts.NO_EXEC
    return [
        _INTO.build("mounts-private", "no mount event comes in or goes out", "private-mounts", needs=_MOUNT),
        _INTO.wall(
            "below-namespace-root",
            "the root is a folder below the namespace's root: the kernel then refuses user namespaces",
            "below-namespace-root",
            shadows=("seccomp-namespaces", "user-namespaces-none"),
        ),
        _INTO.wall("root-flags", "the root is nosuid, nodev, noexec", "root-attribute", flags),
        _INTO.build("new-root", "an empty tmpfs", "new-root", size, 4096, needs=(*_MOUNT, "host-root-left")),
    ]


def _protected(contents: Contents) -> list[Mask]:
    if all(entry.identity is None for entry in contents.entries):
        return []  # nothing but the interpreter is given
    from jailpy.plan import own

    return own.protect(contents)


def _filled_root(
    policy: Policy, contents: Contents, files: list[tuple[str, int, bytes]], interpreter: Interpreter
) -> list[Step]:
    links, scratch_links = contents.links(etc.LINKS)
    covers = etc.covers((*interpreter.masks, *_protected(contents)))
    files = [*files, *covers.files]
    folders = contents.folders([path for path, _, _ in files], [path for path, _ in links], covers.folders)
    found = [
        _INTO.build("folders", f"{len(folders)} folders", "folders", folders),
        _INTO.build("placeholders", "mount points for files", "placeholders", contents.placeholders(special.DEVICES)),
        _INTO.build("links", f"{len(links)} symbolic links", "links", links),
    ]
    found += [plugin.file(*file) for file in files]
    found += special.scratch(policy.filesystem)
    for entry in contents.inside_scratch():
        found.append(
            _INTO.build(
                f"mount-point {entry.tree.target}", entry.tree.kind, "mount-point", entry.tree.target, entry.tree.kind
            )
        )
    text = f"{len(scratch_links)} symbolic links of scratch folders"
    found.append(_INTO.build("scratch-links", text, "links", scratch_links))
    read_only = ("landlock-write-file", "landlock-remove", "landlock-make", "landlock-truncate")
    found += [
        _INTO.wall(
            "tree-read-only",
            "what is mounted from the host is read-only",
            "tree-attribute",
            mounts.READ_ONLY,
            shadows=read_only,
        ),
        _INTO.wall(
            "tree-flags",
            "what is mounted from the host is nosuid, nodev",
            "tree-attribute",
            mounts.NO_SUID | mounts.NO_DEV,
        ),
        _INTO.wall(
            "tree-private",
            "later mounts of the host do not appear",
            "tree-propagation",
            mounts.PRIVATE,
            shadows=("mounts-private",),
        ),
    ]
    for entry in contents.entries:
        tree = entry.tree
        text = f"{tree.source}, {'writable' if entry.writable else 'read-only'} ({tree.why})"
        found.append(
            _INTO.build(f"tree {tree.target}", text, "tree", tree.source, tree.target, entry.writable, entry.identity)
        )
    for path, substitute, module in covers.covers:
        found.append(_INTO.build(f"left-out {path}", module or "covered", "cover", path, substitute))
    return found


def _entered() -> list[Step]:
    return [
        _INTO.build("pivot-root", "the tmpfs becomes the root of the mount namespace", "pivot"),
        _INTO.wall(
            "old-root-gone",
            "the host's root is unmounted",
            "detach-old-root",
            needs=("pivot-root",),
            shadows=("landlock-read-file",),
        ),
        _INTO.wall(
            "root-read-only",
            "the root is read-only",
            "read-only-root",
            shadows=("landlock-make", "landlock-write-file", "landlock-remove"),
        ),
        _INTO.build("entered", "chroot below the namespace's root; the working folder is /work", "enter", "/work"),
    ]
