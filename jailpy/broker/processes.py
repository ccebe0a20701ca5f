"""What the jail's processes hold, read from the launcher's own /proc (proc(5)).

The plugin chooses the names of its processes and of what they have open. Of all that only numbers are used, and of a
name only the start that the kernel puts before it. A process that has ended meanwhile is left out; one that may not be
looked into counts with all that it has mapped.
"""

from __future__ import annotations

from jailpy import system as os
from jailpy.model.record import Record

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_STAT = 4096  # bytes; the kernel writes a few hundred
_MEMFD, _DELETED = "/memfd:", " (deleted)"
_BLOCK = 512  # bytes, in which stat(2) counts


class Process(Record):
    """One process: times in seconds, memory in bytes."""

    pid: int
    born: int  # together with the pid this names a process for good
    threads: int
    user: float
    system: float
    reaped_user: float  # of the children that it has waited for, and of theirs
    reaped_system: float
    resident: int


class Private(Record):
    """What a process holds by mapping it; its part of what several of them share."""

    anonymous: int
    shared: int  # pages of tmpfs, memfds and shared anonymous mappings


def hold(pid: int) -> tuple[int, ...]:
    """Descriptors by which a process is seen for as long as it lives, also where /proc hides it later (hidepid)."""
    opened: list[int] = []
    try:
        opened.append(os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC))
        opened.append(os.open(f"/proc/{pid}/task/{pid}/children", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        for fd in opened:
            os.close(fd)
        return ()
    return tuple(opened)


def family(first: int, known: dict[int, Process], held: tuple[int, ...] = ()) -> dict[int, Process]:
    """Process ``first`` and all below it, itself first and each before its children.

    ``known`` are those of the last time: the kernel can pass over a child while one of its siblings ends. ``held`` is
    what ``hold`` gave for the first.
    """
    found: dict[int, Process] = {}
    if held:
        process = parsed(first, _again(held[0]))
        if process is not None:
            found[first] = process
        for child in _again(held[1]).split():
            _descend(int(child), found)
    else:
        _descend(first, found)
    for process in known.values():
        if process.pid not in found and (again := look(process.pid)) is not None and again.born == process.born:
            _descend(process.pid, found)
    return found


def _descend(top: int, found: dict[int, Process]) -> None:
    waiting = [top]
    while waiting:
        process = look(waiting.pop())
        if process is not None and process.pid not in found:
            found[process.pid] = process
            waiting += _children(process)


def look(pid: int) -> Process | None:
    """What /proc/PID/stat says; everybody may read this much of it. None when the process is gone."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return parsed(pid, os.read(fd, _STAT))
    except OSError:
        return None
    finally:
        os.close(fd)


def parsed(pid: int, line: bytes) -> Process | None:
    """A line of /proc/PID/stat; None of one that is not whole."""
    fields = line.rpartition(b")")[2].split()  # the name may hold anything, a bracket too
    if len(fields) < 22:
        return None
    user, system, reaped_user, reaped_system = (int(field) / _TICK for field in fields[11:15])
    return Process(
        pid=pid,
        born=int(fields[19]),
        threads=int(fields[17]),
        user=user,
        system=system,
        reaped_user=reaped_user,
        reaped_system=reaped_system,
        resident=int(fields[21]) * _PAGE,
    )


def _children(process: Process) -> list[int]:
    pid = process.pid
    try:
        threads = os.listdir(f"/proc/{pid}/task") if process.threads > 1 else (str(pid),)
        return [child for thread in threads for child in _numbers(f"/proc/{pid}/task/{thread}/children")]
    except OSError:
        return []


def _numbers(path: str) -> list[int]:
    return [int(word) for word in _text(path).split()]


def held(process: Process) -> Private:
    """Its proportional part of all memory (PSS); where that may not be read, all that it has mapped."""
    try:
        lines = _text(f"/proc/{process.pid}/smaps_rollup").splitlines()[1:]
    except PermissionError:
        return Private(anonymous=process.resident, shared=0)
    except OSError:
        return Private(anonymous=0, shared=0)
    sizes = {key: int(rest.split()[0]) << 10 for key, _, rest in (line.partition(b":") for line in lines)}
    anonymous = sizes.get(b"Pss_Anon", process.resident if sizes else 0)
    return Private(anonymous=anonymous + sizes.get(b"SwapPss", 0), shared=sizes.get(b"Pss_Shmem", 0))


def open_files(process: Process, nameless: dict[tuple[int, int], int], devices: frozenset[int]) -> int:
    """How many files it has open. To ``nameless`` are added, by device and inode, the bytes of the memfds among them,
    and of the files of ``devices`` that are deleted.

    Nothing else is looked at closer: stat(2) on a file that the plugin chose can wait for a network for ever.
    """
    folder = f"/proc/{process.pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return 0
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")
            if target.startswith(_MEMFD) or (devices and target.endswith(_DELETED)):
                status = os.stat(f"{folder}/{name}")
                if target.startswith(_MEMFD) or (status.st_dev in devices and status.st_nlink == 0):
                    nameless[status.st_dev, status.st_ino] = status.st_blocks * _BLOCK
        except OSError:  # closed meanwhile
            continue
    return len(names)


def mapped_memory(process: Process, device: int, but: dict[tuple[int, int], int]) -> int:
    """Its part of the memory on ``device`` that it has mapped, inodes of ``but`` aside.

    There lie shared anonymous mappings, and memfds that were closed after they were mapped.
    """
    try:
        return mapped(_text(f"/proc/{process.pid}/smaps"), device, but)
    except OSError:
        return 0


def mapped(text: bytes, device: int, but: dict[tuple[int, int], int]) -> int:
    """The same of what /proc/PID/smaps says: for each mapping a line with its name at the end, then sizes."""
    place, counts, found = b"%02x:%02x" % (os.major(device), os.minor(device)), False, 0
    for line in text.split(b"\n")[:-1]:  # a name may hold any other end of a line
        word, _, rest = line.partition(b" ")
        if word == b"Pss:":
            found += int(rest.split()[0]) << 10 if counts else 0
        elif not word.endswith(b":"):  # addresses, rights, offset, device, inode, name
            fields = rest.split(None, 4)
            counts = fields[2] == place and (device, int(fields[3])) not in but
    return found


def storage(process: Process) -> tuple[int, int]:
    """Bytes that it and the children that it has waited for read from storage and wrote to it; 0 where not known."""
    try:
        found = {key: int(value) for key, _, value in (line.partition(b":") for line in _lines(process))}
    except OSError:
        return 0, 0
    return found.get(b"read_bytes", 0), found.get(b"write_bytes", 0)


def _lines(process: Process) -> list[bytes]:
    return _text(f"/proc/{process.pid}/io").splitlines()


def _again(fd: int) -> bytes:
    """The text behind a descriptor, from its start; nothing when the process is gone."""
    try:
        os.lseek(fd, 0, os.SEEK_SET)
        return b"".join(iter(lambda: os.read(fd, 1 << 16), b""))
    except OSError:
        return b""


def _text(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()
