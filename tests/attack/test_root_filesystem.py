"""The root: what is in it, what of it can be written, and what of the host can be reached (THREATS 4, 7, 9, 36, 37)."""

from __future__ import annotations

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.attack.conftest import Attack, Jail, Profile
from tests.attack.inside import everything, opened, sc, seen
from tests.support.callers import Caller, run_as
from tests.support.installed import Installed

DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


def test_interpreter_is_overwritten_through_proc_self_exe(attack: Attack) -> None:
    """CVE-2019-5736: the running binary, pid 1's, and the libraries in memory are not opened for writing."""

    def plugin() -> object:
        with open("/proc/self/maps") as maps:
            mapped = {line.split(None, 5)[5].strip() for line in maps if "/" in line}
        ours = [sys.executable, "/proc/self/exe", *mapped]
        for_writing = {opened(path, flags) for path in ours for flags in (os.O_WRONLY, os.O_RDWR | os.O_TRUNC)}
        return [len(ours) > 4, sorted(for_writing), opened("/proc/1/exe", os.O_WRONLY)]

    several, for_writing, first = attack(plugin)
    assert several
    assert set(for_writing) <= {"EROFS", "EACCES", "ETXTBSY"}
    assert first == "ENOENT"


def test_something_outside_scratch_is_written(attack: Attack) -> None:
    """No folder takes a new file and no file opens for writing, but for /tmp, /work, /dev/shm and the devices."""

    def plugin() -> object:
        found = set()
        for path in list(everything("/")):
            if os.path.islink(path):
                continue
            if os.path.isdir(path):
                made = seen(os.mkdir, f"{path}/new"), seen(os.symlink, "/", f"{path}/link")
                made += (
                    opened(f"{path}/file", os.O_CREAT | os.O_WRONLY),
                    opened(path, os.O_TMPFILE | os.O_RDWR),
                )
                if "allowed" in made:
                    found.add(path)
            elif "allowed" in (opened(path, os.O_WRONLY | os.O_NONBLOCK), seen(os.chmod, path, 0o777)):
                found.add(path)
        return sorted(found)

    devices = [f"/dev/{name}" for name in DEVICES]
    assert attack(plugin) == sorted([*devices, "/dev/shm", "/tmp", "/work"])


def test_setuid_program_is_found_in_the_root(attack: Attack, installed: Installed) -> None:
    """No file of the jail, and none that jailpy installs, has a setuid or setgid bit or a capability."""

    def plugin() -> object:
        special = [path for path in everything("/") if not os.path.islink(path) and os.lstat(path).st_mode & 0o6000]
        capable = [p for p in everything("/") if seen(os.getxattr, p, "security.capability") == "allowed"]
        return [special, capable, seen(os.listdir, "/")]

    assert attack(plugin) == [[], [], "allowed"]
    paths = list(everything(str(installed.python.parents[1])))
    assert len(paths) > 100
    assert [path for path in paths if os.lstat(path).st_mode & 0o6000] == []


def test_host_files_are_read(attack: Attack, folder: Path) -> None:
    """Nothing of the host is there but what the interpreter needs: no home, no shell, no passwords, no /sys."""

    def plugin(secret: str) -> object:
        etc = ["/etc/shadow", "/etc/hostname", "/etc/machine-id"]
        programs = ["/bin/sh", "/bin/bash", "/usr/bin/env", "/usr/bin/su", "/usr/sbin"]
        folders = ["/root", "/home", "/sys", "/boot", "/opt", "/srv", "/var/log", "/run/dbus", "/run/systemd", "/.old"]
        devices = [f"/dev/{name}" for name in ("pts", "ptmx", "mem", "kmsg", "fuse", "kvm", "tty", "net")]
        paths = [secret, *etc, *programs, *folders, *devices]
        with open("/etc/passwd") as passwd:
            users = [line.split(":")[0] for line in passwd]
        return [{seen(os.stat, path) for path in paths} == {"ENOENT"}, users, sorted(os.listdir("/run"))]

    (folder / "secret").write_text("host")
    absent, users, run = attack(plugin, str(folder / "secret"))
    assert absent
    assert users == ["plugin", "nobody"]
    assert run in (["jailpy"], [])


def test_mounts_keep_their_flags(attack: Attack) -> None:
    """Every mount is nosuid, all but scratch read-only, all but devices nodev; none is shared with the host."""

    def plugin() -> object:
        with open("/proc/self/mountinfo") as file:
            rows = [line.split() for line in file]
        return [[row[4], row[5].split(","), row[6]] for row in rows]

    mounts = attack(plugin)
    assert len(mounts) > 5
    for where, flags, tag in mounts:
        device = where.startswith("/dev/") and where != "/dev/shm"
        assert "nosuid" in flags, where
        assert device or "nodev" in flags, where
        assert ("ro" in flags) != (where in ("/tmp", "/work", "/dev/shm")), where
        assert tag == "-", where  # no shared:N, no master:N
        assert "noexec" in flags or not where.startswith(("/proc", "/dev")), where


def test_root_is_remounted(attack: Attack) -> None:
    """No call changes the mount table or the root."""

    def plugin() -> object:
        remount = 0x1020  # MS_REMOUNT | MS_BIND
        return [
            sc("mount", b"none", b"/", b"tmpfs", remount, None),
            sc("mount", b"proc", b"/tmp", b"proc", 0, None),
            sc("umount2", b"/proc", 2),
            sc("umount2", b"/dev/null", 2),
            sc("pivot_root", b"/tmp", b"/tmp"),
            sc("chroot", b"/tmp"),
            sc("open_tree", -100, b"/", 1),
            sc("mount_setattr", -100, b"/", 0, b"\0" * 32, 32),
            sc("fsopen", b"tmpfs", 0),
        ]

    assert attack(plugin) == ["EPERM"] * 9


def test_device_is_swapped_during_set_up(jail: Jail, caller: Caller, words: Any, folder: Path) -> None:
    """CVE-2025-31133: the devices have their numbers, and nothing else is in /dev, also when jails start at once."""

    def plugin() -> object:
        found = {name: os.lstat(f"/dev/{name}") for name in os.listdir("/dev")}
        special = {n: [os.major(s.st_rdev), os.minor(s.st_rdev)] for n, s in found.items() if stat.S_ISCHR(s.st_mode)}
        links = {n: os.readlink(f"/dev/{n}") for n, s in found.items() if stat.S_ISLNK(s.st_mode)}
        rest = [n for n, s in found.items() if not stat.S_ISCHR(s.st_mode) and not stat.S_ISLNK(s.st_mode)]
        os.write(os.open("/dev/null", os.O_WRONLY), b"x")
        return [special, links, rest]

    standard = {
        "fd": "/proc/self/fd",
        "stdin": "/proc/self/fd/0",
        "stdout": "/proc/self/fd/1",
        "stderr": "/proc/self/fd/2",
    }
    right = [{name: list(number) for name, number in DEVICES.items()}, standard, ["shm"]]
    assert jail(plugin).saw() == right
    command = words(plugin)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: run_as(caller, command, cwd=folder), range(12)))
    assert [(run.returncode, run.stdout) for run in done] == [(0, done[0].stdout)] * 12


def test_times_of_a_device_carry_a_message(attack: Attack) -> None:
    """The devices are the host's, and so are their times and modes, which every jail sees: they cannot be changed."""

    def plugin() -> object:
        paths = [f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")]
        tries = {seen(os.utime, path) for path in paths} | {seen(os.chmod, path, 0o666) for path in paths}
        return [sorted(tries), os.write(os.open("/dev/null", os.O_WRONLY), b"x")]

    before = os.stat("/dev/null").st_mtime_ns
    assert attack(plugin) == [["EROFS"], 1]
    assert os.stat("/dev/null").st_mtime_ns == before


def test_left_out_module_is_read_all_the_same(attack: Attack, profile: Profile) -> None:
    """CVE-2025-52565: what covers a path of the interpreter says nothing and is not written, moved or removed."""

    def plugin() -> object:
        import importlib.util
        import sysconfig

        library = sysconfig.get_path("stdlib")
        left = [p for p in everything(library) if "/sqlite3" in p or "_sqlite3." in p]
        sizes = {path: os.stat(path).st_size for path in left if os.path.isfile(path)}
        tries = {opened(path, os.O_WRONLY) for path in left} | {seen(os.unlink, path) for path in sizes}
        try:
            import sqlite3
        except ModuleNotFoundError as error:
            return [str(error), max(sizes.values()) < 200, sorted(tries), importlib.util.find_spec("json") is not None]
        return [sqlite3.__name__]

    said, small, tries, others = attack(plugin, options=profile('python = { without = ["sqlite3"] }'))
    assert "sqlite3" in said
    assert (small, others) == (True, True)
    assert set(tries) <= {"EROFS", "EACCES", "EISDIR"}


def test_scratch_fills_the_host(attack: Attack, profile: Profile) -> None:
    """/tmp, /work and /dev/shm take so many bytes and so many files each, and then no more."""

    def plugin() -> object:
        said = []
        for folder in ("/tmp", "/work", "/dev/shm"):
            fd = os.open(f"{folder}/large", os.O_CREAT | os.O_WRONLY)
            end = seen(lambda fd=fd: [os.write(fd, bytes(1 << 20)) for _ in range(100)])
            size = os.fstat(fd).st_size
            os.unlink(f"{folder}/large")
            os.close(fd)
            many = seen(lambda folder=folder: [os.mkdir(f"{folder}/{number}") for number in range(5000)])
            said.append([end, size <= 8 << 20, many, len(os.listdir(folder)) <= 4096])
        return said

    full = ["ENOSPC", True, "ENOSPC", True]
    assert attack(plugin, options=profile('filesystem = { tmp = "8M" }')) == [full] * 3
