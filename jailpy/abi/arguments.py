"""Names of system call arguments, in order, each with the bits of it that the kernel looks at.

A filter sees 64 bits of every argument. Of an int the kernel uses the low 32, of a mode_t (umode_t) the low 16, of a
socket's type the low 4 without its flags: comparing more lets a call through with rubbish above, or refuses a good one.
Sources: include/linux/syscalls.h and net/socket.c (SOCK_TYPE_MASK). The positions are those of x86_64 and aarch64.
"""

from __future__ import annotations

LONG = 0xFFFF_FFFF_FFFF_FFFF  # pointers and sizes too
INT = 0xFFFF_FFFF
MODE = 0xFFFF
TYPE = 0xF

_SOCKET = (("domain", INT), ("type", TYPE), ("protocol", INT))
_PATH_MODE = (("pathname", LONG), ("mode", MODE))
_AT_PATH_MODE = (("dirfd", INT), ("pathname", LONG), ("mode", MODE))
_BUFFER = (("sockfd", INT), ("buf", LONG), ("len", LONG), ("flags", INT))
_MESSAGE = (("sockfd", INT), ("msg", LONG), ("flags", INT))
_MESSAGES = (("sockfd", INT), ("msgvec", LONG), ("vlen", INT), ("flags", INT))
_PRIORITY = (("which", INT), ("who", INT), ("prio", INT))
_RANGE = (("addr", LONG), ("length", LONG))
_OPTION = (("sockfd", INT), ("level", INT), ("optname", INT), ("optval", LONG))
_EXTENT = (("fd", INT), ("offset", LONG), ("len", LONG))

ARGUMENTS = {
    "chmod": _PATH_MODE,
    "clone": (("flags", INT), ("stack", LONG)),  # what follows differs between architectures
    "creat": _PATH_MODE,
    "execveat": (("dirfd", INT), ("pathname", LONG), ("argv", LONG), ("envp", LONG), ("flags", INT)),
    "fallocate": (("fd", INT), ("mode", INT), ("offset", LONG), ("size", LONG)),
    "fchmod": (("fd", INT), ("mode", MODE)),
    "fchmodat": _AT_PATH_MODE,
    "fchmodat2": (*_AT_PATH_MODE, ("flags", INT)),
    "fcntl": (("fd", INT), ("cmd", INT), ("arg", LONG)),
    "flock": (("fd", INT), ("operation", INT)),
    "ftruncate": (("fd", INT), ("length", LONG)),
    "getpriority": (("which", INT), ("who", INT)),
    "getrandom": (("buf", LONG), ("buflen", LONG), ("flags", INT)),
    "getsockopt": (*_OPTION, ("optlen", LONG)),
    "ioctl": (("fd", INT), ("request", INT), ("arg", LONG)),
    "ioprio_set": _PRIORITY,
    "kill": (("pid", INT), ("sig", INT)),
    "landlock_create_ruleset": (("attr", LONG), ("size", LONG), ("flags", INT)),
    "listen": (("sockfd", INT), ("backlog", INT)),
    "lseek": (("fd", INT), ("offset", LONG), ("whence", INT)),
    "madvise": (*_RANGE, ("advice", INT)),
    "mbind": (*_RANGE, ("mode", LONG), ("nodemask", LONG), ("maxnode", LONG), ("flags", INT)),
    "memfd_create": (("name", LONG), ("flags", INT)),
    "mkdir": _PATH_MODE,
    "mkdirat": _AT_PATH_MODE,
    "mknod": (*_PATH_MODE, ("dev", INT)),
    "mknodat": (*_AT_PATH_MODE, ("dev", INT)),
    "mlock2": (*_RANGE, ("flags", INT)),
    "mlockall": (("flags", INT),),
    "mmap": (*_RANGE, ("prot", LONG), ("flags", LONG), ("fd", LONG), ("offset", LONG)),
    "mprotect": (*_RANGE, ("prot", LONG)),
    "mq_open": (("name", LONG), ("oflag", INT), ("mode", MODE)),
    "mremap": (("old_address", LONG), ("old_size", LONG), ("new_size", LONG), ("flags", LONG), ("new_address", LONG)),
    "open": (("pathname", LONG), ("flags", INT), ("mode", MODE)),
    "openat": (("dirfd", INT), ("pathname", LONG), ("flags", INT), ("mode", MODE)),
    "personality": (("persona", INT),),
    "pidfd_send_signal": (("pidfd", INT), ("sig", INT), ("info", LONG), ("flags", INT)),
    "pipe2": (("pipefd", LONG), ("flags", INT)),
    "prctl": (("option", INT), ("arg2", LONG), ("arg3", LONG), ("arg4", LONG), ("arg5", LONG)),
    "prlimit64": (("pid", INT), ("resource", INT), ("new_limit", LONG), ("old_limit", LONG)),
    "recvfrom": _BUFFER,
    "recvmmsg": _MESSAGES,
    "recvmsg": _MESSAGE,
    "sched_setaffinity": (("pid", INT), ("cpusetsize", INT), ("mask", LONG)),
    "sched_setscheduler": (("pid", INT), ("policy", INT), ("param", LONG)),
    "seccomp": (("operation", INT), ("flags", INT), ("args", LONG)),
    "sendfile": (("out_fd", INT), ("in_fd", INT), ("offset", LONG), ("count", LONG)),
    "sendmmsg": _MESSAGES,
    "sendmsg": _MESSAGE,
    "sendto": _BUFFER,
    "setpriority": _PRIORITY,
    "setrlimit": (("resource", INT), ("rlim", LONG)),
    "setsockopt": (*_OPTION, ("optlen", INT)),
    "shmget": (("key", INT), ("size", LONG), ("shmflg", INT)),
    "shutdown": (("sockfd", INT), ("how", INT)),
    "socket": _SOCKET,
    "socketpair": _SOCKET,
    "sync_file_range": (*_EXTENT, ("flags", INT)),
    "tgkill": (("tgid", INT), ("tid", INT), ("sig", INT)),
    "timer_create": (("clockid", INT), ("sevp", LONG), ("timerid", LONG)),
    "timerfd_create": (("clockid", INT), ("flags", INT)),
    "truncate": (("path", LONG), ("length", LONG)),
    "unlinkat": (("dirfd", INT), ("pathname", LONG), ("flags", INT)),
    "unshare": (("flags", LONG),),
    "waitid": (("idtype", INT), ("id", INT), ("infop", LONG), ("options", INT)),
}
