"""The system calls of the architectures that jailpy knows."""

from __future__ import annotations

from jailpy.abi import aarch64, x86_64

ARCHITECTURES = {"x86_64": x86_64.NUMBERS, "aarch64": aarch64.NUMBERS}
KNOWN = frozenset(x86_64.NUMBERS) | frozenset(aarch64.NUMBERS)
X32_BIT = 0x4000_0000  # asm/unistd.h: a call of x86_64's ABI with 32-bit pointers
