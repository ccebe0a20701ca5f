"""What the kernel does with a stack of filters: a classic BPF machine, and the choice among several answers."""

from __future__ import annotations

import errno
import struct

from jailpy.abi import aarch64, x86_64

KILL_PROCESS, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
AUDIT = {"x86_64": x86_64.AUDIT_ARCH, "aarch64": aarch64.AUDIT_ARCH}
I386, ARM = 0x40000003, 0x40000028  # linux/audit.h
NO_ARGUMENTS = (0, 0, 0, 0, 0, 0)


Instruction = tuple[int, int, int, int]


def decode(program: bytes) -> list[Instruction]:
    """An array of struct sock_filter."""
    return list(struct.iter_unpack("=HBBI", program))


def run(program: list[Instruction], data: bytes) -> tuple[int, int]:
    """The program's answer on a struct seccomp_data, and how many instructions that took."""
    at = accumulator = steps = 0
    while True:
        code, if_true, if_false, constant = program[at]
        at += 1
        steps += 1
        match code:
            case 0x20:  # BPF_LD | BPF_W | BPF_ABS
                (accumulator,) = struct.unpack_from("=I", data, constant)
            case 0x54:  # BPF_ALU | BPF_AND | BPF_K
                accumulator &= constant
            case 0x05:  # BPF_JMP | BPF_JA
                at += constant
            case 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
                at += if_true if accumulator == constant else if_false
            case 0x25:  # BPF_JMP | BPF_JGT | BPF_K
                at += if_true if accumulator > constant else if_false
            case 0x35:  # BPF_JMP | BPF_JGE | BPF_K
                at += if_true if accumulator >= constant else if_false
            case 0x06:  # BPF_RET | BPF_K
                return constant, steps
            case _:
                raise AssertionError(f"no such instruction: {code:#x}")


class Stack:
    """Programs in the order of their installation."""

    def __init__(self, programs: tuple[bytes, ...], arch: str) -> None:
        self.programs = [decode(program) for program in programs]
        self.arch = AUDIT[arch]

    def answer(self, number: int, arguments: tuple[int, ...] = NO_ARGUMENTS, audit: int = 0) -> int:
        """seccomp(2): the gravest action of all programs, with the data of the one that was installed last."""
        data = struct.pack("=IIQ6Q", number, audit or self.arch, 0, *arguments)
        answers = [run(program, data)[0] for program in reversed(self.programs)]
        return min(answers, key=lambda answer: struct.unpack("=i", struct.pack("=I", answer & 0xFFFF0000)))

    def steps(self, number: int) -> int:
        """Instructions that all programs take together for a call without arguments."""
        data = struct.pack("=IIQ6Q", number, self.arch, 0, *NO_ARGUMENTS)
        return sum(run(program, data)[1] for program in self.programs)


def refused(name: str) -> int:
    """The answer that a policy's word stands for."""
    words = {"kill": KILL_PROCESS, "allow": ALLOW, "ignore": ERRNO}
    return words[name] if name in words else ERRNO | getattr(errno, name)
