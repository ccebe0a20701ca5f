"""Every system call number gets the answer that the policy asks for."""

from __future__ import annotations

import pytest

from jailpy.abi.syscalls import ARCHITECTURES, X32_BIT
from jailpy.plan.filter import compile_filter
from tests.unit.seccomp.bpf import ALLOW, ARM, AUDIT, I386, KILL_PROCESS, NO_ARGUMENTS, Stack, refused
from tests.unit.seccomp.policies import POLICIES, expected, policy, resolved, stack

ARCHES = tuple(ARCHITECTURES)
PYTHON_NEEDS = """
brk mmap munmap mremap mprotect madvise msync membarrier memfd_create
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat close close_range dup dup2 dup3
fcntl lseek sendfile copy_file_range
access faccessat faccessat2 stat lstat fstat newfstatat statx statfs fstatfs readlink readlinkat getdents64 getcwd chdir
fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat chmod fchmod fchmodat
chown fchown fchownat lchown umask truncate ftruncate fallocate fadvise64 fsync fdatasync flock utime utimes utimensat
futimesat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd eventfd2 pipe pipe2
timerfd_create timerfd_settime timerfd_gettime
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times alarm getitimer setitimer timer_create
timer_settime timer_gettime timer_delete timer_getoverrun
clone fork vfork execve exit exit_group wait4 waitid kill tgkill getpid getppid gettid getpgid getpgrp setpgid getsid
setsid set_tid_address set_robust_list get_robust_list rseq futex sched_yield sched_getaffinity sched_setaffinity
sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min getpriority setpriority getrusage
getrlimit setrlimit prlimit64 pidfd_open pidfd_send_signal arch_prctl prctl sysinfo uname getcpu getrandom
restart_syscall pause capget
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait rt_sigsuspend rt_sigpending rt_sigqueueinfo rt_tgsigqueueinfo
sigaltstack
getuid geteuid getgid getegid getresuid getresgid getgroups
socketpair bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt sendto recvfrom sendmsg
recvmsg sendmmsg recvmmsg shutdown
""".split()  # noqa: SIM905  # a column of names would be 194 lines long
NEEDED_ARGUMENTS = {  # where zeros are what a rule refuses
    "socketpair": (1, 1, 0, 0, 0, 0),
    "prctl": (15, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("name", POLICIES)
def test_every_number_up_to_a_thousand(name: str, arch: str) -> None:
    filters = stack(name, arch)
    for number in range(1001):
        assert filters.answer(number) == expected(policy(name), arch, number, NO_ARGUMENTS), number


@pytest.mark.parametrize("arch", ARCHES)
def test_numbers_that_no_kernel_has_yet_are_unknown(arch: str) -> None:
    """glibc and Python fall back on the older call only when they see ENOSYS."""
    for number in (472, 473, 600, 1 << 16, X32_BIT - 1):
        assert stack("strict", arch).answer(number) == refused("ENOSYS")


@pytest.mark.parametrize("name", POLICIES)
def test_x32_calls_kill(name: str) -> None:
    for number in (*range(600), X32_BIT - 2):
        assert stack(name, "x86_64").answer(X32_BIT | number) == KILL_PROCESS


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("name", POLICIES)
def test_calls_of_another_architecture_kill(name: str, arch: str) -> None:
    others = {I386, ARM, 0, *AUDIT.values()} - {AUDIT[arch]}
    for audit in others - {0}:
        for number in range(500):
            assert stack(name, arch).answer(number, audit=audit) == KILL_PROCESS


@pytest.mark.parametrize("arch", ARCHES)
def test_default_allows_what_python_needs(arch: str) -> None:
    assert len(PYTHON_NEEDS) == len(set(PYTHON_NEEDS)) == 194
    assert set(PYTHON_NEEDS) <= {*policy("default").allow}
    for call in {*PYTHON_NEEDS} & ARCHITECTURES[arch].keys():
        arguments = NEEDED_ARGUMENTS.get(call, NO_ARGUMENTS)
        assert stack("default", arch).answer(ARCHITECTURES[arch][call], arguments) == ALLOW, call


def test_a_call_above_what_libseccomp_knows_can_be_allowed() -> None:
    programs = compile_filter(resolved("@python", "mseal"), "x86_64")
    assert Stack(programs, "x86_64").answer(ARCHITECTURES["x86_64"]["mseal"]) == ALLOW


@pytest.mark.parametrize("arch", ARCHES)
def test_the_programs_stay_small(arch: str) -> None:
    """An allowed call costs what it executes; the kernel takes at most 4096 instructions of one program."""
    filters = stack("circumstances", arch)
    assert sum(map(len, filters.programs)) < 900
    for call in ("read", "write", "futex", "mmap", "openat", "clock_gettime", "epoll_pwait"):
        assert filters.steps(ARCHITECTURES[arch][call]) <= 48, call


def test_the_same_policy_gives_the_same_programs() -> None:
    """A compiled plan is cached and compared by its digest."""
    first, second = (compile_filter(resolved("@python"), "x86_64") for _ in range(2))
    assert first == second
