"""Attacks on the groups of refused system calls: one call of each, made so that the kernel's answer is another one."""

from __future__ import annotations

from tests.attack.walls.arena import Attack

# Where the kernel refuses an ordinary process with the same errno: does the call get past our filter? A listener of the
# attack's own, installed for one thread, is asked only when it does, since an errno outranks it (seccomp(2)).
LISTENER = """
import fcntl, struct, threading
def passes(name, *arguments):
    number = NUMBERS[name] if isinstance(name, str) else name
    code = struct.pack("=HBBI", 0x20, 0, 0, 0) + struct.pack("=HBBI", 0x15, 0, 1, number)
    code += struct.pack("=HBBI", 0x06, 0, 0, 0x7FC00000) + struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)
    program = ctypes.create_string_buffer(code)
    filters = ctypes.create_string_buffer(struct.pack("@HP", 4, ctypes.addressof(program)))
    found, answers = [], []
    def ask():
        found.append(call("seccomp", 1, 8, filters))  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER
        answers.append(call(number, *arguments))
    thread = threading.Thread(target=ask)
    thread.start()
    while not found:
        time.sleep(0.001)
    if isinstance(found[0], str):
        sys.exit(f"no listener: {found[0]}")
    poll = select.poll()
    poll.register(found[0], select.POLLIN)
    if any(event & select.POLLIN for _, event in poll.poll()):  # or it hangs up: the thread has had its answer
        request = fcntl.ioctl(found[0], 0xC0502100, bytes(80))  # SECCOMP_IOCTL_NOTIF_RECV
        answer = struct.pack("=QqiI", *struct.unpack_from("=Q", request), 0, -errno.EXDEV, 0)
        fcntl.ioctl(found[0], 0xC0182101, answer)  # SECCOMP_IOCTL_NOTIF_SEND
    thread.join()
    return answers[0]
"""
_MEANS = ("seccomp-self-sandbox", "seccomp-ioctl")

_EPERM = (
    ("mount", '"mount", 1, 1, 1, 0, 0'),
    ("set-ids", '"setuid", os.getuid()'),
    ("execveat", '"execveat", -1, b"x", 0, 0, 0'),
    ("self-sandbox", '"seccomp", 99, 0, 0'),
    ("ptrace", '"ptrace", 16, 0x3FFFFFFF, 0, 0'),
    ("process-memory", '"process_vm_readv", os.getpid(), 0, 0, 0, 0, 0'),
    ("scheduling", '"sched_rr_get_interval", 0, ctypes.create_string_buffer(16)'),
    ("io-priority", '"ioprio_get", 1, 0'),
    ("tkill", '"tkill", os.getpid(), 0'),
    ("bpf", '"bpf", -1, 0, 0'),
    ("perf", '"perf_event_open", 0, 0, -1, -1, -1'),
    ("keyrings", '"keyctl", 0, -3, 0'),
    ("swap", '"swapon", b"x", -1'),
    ("quota", '"quotactl", 0xFF, 0, 0, 0'),
    ("clocks", '"clock_adjtime", 0, ctypes.create_string_buffer(256)'),
    ("io-ports", '"iopl", 9'),
    ("ldt", '"modify_ldt", 0, ctypes.create_string_buffer(16), 16'),
    ("file-handles", '"name_to_handle_at", -1, b"x", 0, 0, 0'),
    ("splice", '"splice", -1, 0, -1, 0, 1, 0'),
    ("xattr-write", '"fsetxattr", -1, b"user.x", b"", 0, 0'),
    ("sync", '"syncfs", -1'),
    ("mlock", '"munlock", 0, 0'),
    ("numa", '"get_mempolicy", 0, 0, 0, 0, 0'),
)
_ENOSYS = (
    ("process-madvise", '"process_madvise", -1, 0, 0, 0, 0'),
    ("io-uring", '"io_uring_enter", -1, 0, 0, 0, 0, 0'),
    ("userfaultfd", '"userfaultfd", -1'),
    ("page-cache", '"mincore", 1, 1, 0'),
    ("aio", '"io_destroy", 0'),
    ("inotify", '"inotify_init1", 0'),
    ("fanotify", '"fanotify_init", -1, 0'),
    ("pkey", '"pkey_free", 99'),
    ("sysv-ipc", '"shmget", 0, 4096, 0o600'),
    ("posix-mq", '"mq_unlink", b"none"'),
    ("signalfd", '"signalfd4", -1, ctypes.create_string_buffer(8), 8, 0'),
    ("clone3", '"clone3", 0, 0'),
    ("openat2", '"openat2", -1, b"x", 0, 0'),
    ("newer", '"epoll_pwait2", -1, 0, 0, 0, 0, 0'),
    ("obsolete", '"ustat", 0, 0'),
)
_KEPT_BY_THE_KERNEL_TOO = (
    ("kernel-modules", '"finit_module"'),
    ("kexec", '"kexec_load"'),
    ("accounting", '"acct"'),
    ("syslog", '"syslog"'),
    ("console", '"vhangup"'),
    ("memfd-secret", '"memfd_secret"'),
    ("newer-calls", "1000"),
)
IN_A_NAMESPACE_OF_ITS_OWN = """
entered = call("unshare", 0x14000000)  # CLONE_NEWUSER | CLONE_NEWUTS: with every capability in it
assert entered == 0, entered
"""
REBOOT = """
assert call("unshare", 0x30000000) == 0  # CLONE_NEWUSER | CLONE_NEWPID
child = os.fork()
if child == 0:
    os._exit(call("reboot", 0, 0, 0, 0) == "EPERM")  # without its magic numbers it does nothing: EINVAL
saw = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
finish(saw == 0, saw)
"""
FOREIGN = """
child = os.fork()
if child == 0:
    call(0x40000000 | 39)  # getpid, as x32 has it
    os._exit(0)
saw = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
finish(saw == 0, saw)
"""


def direct(group: str, arguments: str, refused: str) -> Attack:
    """A call that gets another answer than the filter's once it is let through."""
    return Attack(f"seccomp-{group}", f"saw = call({arguments})\nfinish(saw != {refused!r}, saw)\n")


def through_listener(group: str, call: str) -> Attack:
    """A call that a listener behind our filter is asked about once it is let through."""
    return Attack(f"seccomp-{group}", f"{LISTENER}saw = passes({call})\nfinish(saw == 'EXDEV', saw)\n", also=_MEANS)


ATTACKS = (
    *(direct(group, arguments, "EPERM") for group, arguments in _EPERM),
    *(direct(group, arguments, "ENOSYS") for group, arguments in _ENOSYS),
    *(through_listener(group, call) for group, call in _KEPT_BY_THE_KERNEL_TOO),
    Attack(
        "seccomp-hostname",
        IN_A_NAMESPACE_OF_ITS_OWN + 'saw = call("sethostname", b"mine", 4)\nfinish(saw == 0, saw)\n',
    ),
    Attack("seccomp-reboot", REBOOT),
    Attack("seccomp-foreign-abi", FOREIGN),
    Attack(
        "seccomp-no-exec",
        'finish(*tried(os.execve, "/nothing", ["x"], {}) == (False, "ENOENT") and (True, "ENOENT") or (False, ""))\n',
        profile="narrow",
    ),
    Attack(
        "seccomp-single-process",
        "done, saw = tried(os.fork)\nif done and saw == 0:\n    os._exit(0)\nfinish(done, saw)\n",
        profile="narrow",
    ),
    Attack(
        "seccomp-not-allowed", 'saw = call("sendfile", -1, -1, 0, 1)\nfinish(saw != "EPERM", saw)\n', profile="narrow"
    ),
    Attack(
        "seccomp-args-socketpair",
        "finish(*tried(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM))\n",
        profile="narrow",
    ),
)
