"""System calls that no plugin makes: families, unknown numbers, foreign calls (THREATS 13, 14, 20 to 24)."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import threading

import pytest

from tests.attack.conftest import NUMBERS as KNOWN
from tests.attack.conftest import Attack, Profile
from tests.attack.inside import HIGH, NUMBERS, in_child, sc, seen
from tests.conftest import must_run

ENOSYS = {
    "clone3": "clone3",
    "io_uring": "io_uring_setup io_uring_enter io_uring_register",
    "userfaultfd": "userfaultfd",
    "pkey": "pkey_mprotect pkey_alloc pkey_free",
    "probed": "openat2 epoll_pwait2 futex_waitv memfd_secret process_madvise",
    "sysv-ipc": "shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl",
    "posix-mq": "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr",
    "inotify": "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch",
    "fanotify": "fanotify_init fanotify_mark",
    "newer": "fchmodat2 map_shadow_stack statmount listmount lsm_get_self_attr mseal setxattrat open_tree_attr",
}
EPERM = {
    "mount": "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr",
    "namespaces": "unshare setns",
    "swap": "swapon swapoff",
    "reboot": "reboot",
    "kexec": "kexec_load kexec_file_load",
    "modules": "init_module finit_module delete_module",
    "bpf": "bpf",
    "perf": "perf_event_open",
    "ptrace": "ptrace",
    "process-memory": "process_vm_readv process_vm_writev kcmp pidfd_getfd",
    "keyrings": "keyctl add_key request_key",
    "file-handles": "name_to_handle_at open_by_handle_at",
    "accounting": "acct",
    "quota": "quotactl quotactl_fd",
    "syslog": "syslog",
    "clocks": "settimeofday clock_settime adjtimex clock_adjtime",
    "host-name": "sethostname setdomainname",
    "ports": "iopl ioperm modify_ldt",
    "ids": "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset",
    "splice": "splice vmsplice tee",
    "xattr": "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr",
    "numa": "mbind set_mempolicy get_mempolicy migrate_pages move_pages",
    "self-sandbox": "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
}


@pytest.mark.parametrize(("families", "answer"), [(ENOSYS, "ENOSYS"), (EPERM, "EPERM")], ids=["ENOSYS", "EPERM"])
def test_refused_family_reaches_the_kernel(attack: Attack, families: dict[str, str], answer: str) -> None:
    """Every call of every family has its family's errno, whatever the arguments are."""

    def plugin(*calls: str) -> object:
        room = bytes(64)
        values = [(0,) * 6, (-1,) * 6, (1,) * 6, (room,) * 6, (HIGH,) * 6]
        return {call: sorted({sc(call, *given) for given in values}) for call in calls}

    calls = [call for family in families.values() for call in family.split() if call in KNOWN]
    assert len(calls) > 20
    assert attack(plugin, *calls) == {call: [answer] for call in calls}


def test_number_of_another_kernel_is_answered(attack: Attack) -> None:
    """Every number that no table knows is ENOSYS, in the gaps and above the highest: libraries then fall back."""

    def plugin() -> object:
        known, top = set(NUMBERS.values()), max(NUMBERS.values())
        gaps = {number: sc(number, 0, 0, 0, 0, 0, 0) for number in range(top + 1) if number not in known}
        above = [*range(top + 1, top + 600), 4096, 65535, 1 << 20, (1 << 30) - 1]
        high = {sc(HIGH | number, 0, 0, 0, 0, 0, 0) for number in (top + 1, 4096)}
        return [sorted(set(gaps.values())), sorted({sc(number, 0, 0, 0, 0, 0, 0) for number in above}), sorted(high)]

    gaps, above, high = attack(plugin)
    assert gaps in ([], ["ENOSYS"])
    assert (above, high) == (["ENOSYS"], ["ENOSYS"])


def test_high_bits_of_the_number_slip_past_the_filter(attack: Attack) -> None:
    """The kernel looks at 32 bits of the number, and so does the filter."""

    def plugin() -> object:
        refused = {sc(HIGH | NUMBERS[call], 0, 0, 0, 0, 0) for call in ("mount", "unshare", "ptrace", "bpf", "keyctl")}
        return [sorted(refused), sc(HIGH | NUMBERS["io_uring_setup"], 1, 0), sc(HIGH | NUMBERS["getpid"])]

    assert attack(plugin) == [["EPERM"], "ENOSYS", "allowed"]


def test_call_of_a_foreign_abi_slips_past_the_filter(attack: Attack) -> None:
    """int 0x80 and x32 kill the whole process at once, from a thread too."""

    def plugin() -> object:
        def stub(number: int) -> object:
            code = (
                b"\x53\xb8" + number.to_bytes(4, "little") + b"\xcd\x80\x5b\xc3"
            )  # push rbx; mov eax; int 0x80; pop; ret
            room = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            room.write(code)
            address = ctypes.addressof(ctypes.c_char.from_buffer(room))
            return ctypes.CFUNCTYPE(ctypes.c_long)(address)()

        def from_thread() -> None:
            threading.Thread(target=sc, args=(0x40000000 | 39,)).start()
            signal.pause()

        x32 = [0x40000000 | number for number in (0, 39, 57, 59, 512, 520, 547)]
        ends = {in_child(lambda number=number: stub(number)) for number in (1, 11, 20, 102, 117, 122, 355)}
        ends |= {in_child(lambda number=number: sc(number, 0, 0, 0)) for number in (*x32, HIGH | 0x40000000 | 39)}
        return [sorted(ends), in_child(from_thread), os.getppid()]

    must_run(os.uname().machine == "x86_64", "other architectures have one ABI")
    assert attack(plugin) == [["SIGSYS"], "SIGSYS", 1]


def test_second_listener_answers_continue(attack: Attack, profile: Profile) -> None:
    """No filter of the plugin's own can be installed; where a profile allows that, still no listener."""
    listens, mode_filter = 8, 1

    def plugin(listener: str, mode: str) -> object:
        allow = (0x7FFF0000 << 32 | 0x06).to_bytes(8, "little")  # one instruction: BPF_RET, SECCOMP_RET_ALLOW
        code = ctypes.create_string_buffer(allow)
        program = (1).to_bytes(8, "little") + ctypes.addressof(code).to_bytes(8, "little")
        flags = [int(listener), int(listener) | 1, HIGH | int(listener)]
        listeners = {sc("seccomp", int(mode), flag, program) for flag in flags}
        plain = sc("seccomp", int(mode), 0, program)
        return [
            sorted(listeners),
            plain,
            sc("prctl", 22, 2, program),
            sc("prctl", HIGH | 22, 2, program),
            sc("prctl", 22, 1),
        ]

    assert attack(plugin, listens, mode_filter) == [["EPERM"], "EPERM", "EPERM", "EPERM", "EPERM"]
    options = profile('seccomp = { allow = ["@self-sandbox"] }')
    assert attack(plugin, listens, mode_filter, options=options) == [["EPERM"], "allowed", "EPERM", "EPERM", "EPERM"]


def test_escape_call_is_survived_where_it_kills(attack: Attack, profile: Profile) -> None:
    """Where the profile says kill, a call of the escape class ends the process that makes it; others are as before."""

    def plugin() -> object:
        calls = ["mount", "unshare", "setns", "ptrace", "bpf", "perf_event_open", "init_module", "kexec_load", "reboot"]
        calls += ["pivot_root", "process_vm_readv", "open_by_handle_at", "keyctl", "swapon"]
        return [
            sorted({in_child(lambda call=call: sc(call, 0, 0, 0)) for call in calls}),
            sc("splice", 0),
            sc("clone3", 0),
        ]

    assert attack(plugin, options=profile('seccomp = { kill = ["@escape"] }')) == [["SIGSYS"], "EPERM", "ENOSYS"]


def test_refused_call_is_reached_from_a_thread_or_a_child(attack: Attack) -> None:
    """Threads, children and executed programs are under the same filter."""

    def plugin() -> object:
        import subprocess
        import sys

        heard = []
        thread = threading.Thread(
            target=lambda: heard.append([sc("ptrace", 0), sc("mount", 0), sc("io_uring_setup", 1)])
        )
        thread.start()
        thread.join()
        number = NUMBERS["unshare"]
        code = f"import ctypes; c = ctypes.CDLL(None, use_errno=True); c.syscall({number}, 1 << 28)"
        code += "; print(ctypes.get_errno())"
        executed = subprocess.check_output([sys.executable, "-I", "-c", code]).decode().strip()
        return [heard, executed, in_child(lambda: os._exit(sc("mount", 0) != "EPERM"))]

    assert attack(plugin) == [[["EPERM", "EPERM", "ENOSYS"]], "1", "exit 0"]


def test_splice_writes_the_page_cache(attack: Attack) -> None:
    """CVE-2026-31431: pages of a file are lent to no pipe and no socket."""

    def plugin() -> object:
        here, there = os.pipe()
        file = os.open(__file__, os.O_RDONLY)
        return [seen(os.splice, file, there, 10), sc("vmsplice", there, 0, 0, 0), sc("tee", here, there, 1, 0)]

    assert attack(plugin) == ["EPERM"] * 3
