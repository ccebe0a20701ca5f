"""Count the primes below a number, with a process for each processor.

jailpy run examples/primes.py 1000000
"""

import os
import sys
from math import isqrt
from multiprocessing import Pool

STRETCH = 50_000  # numbers that a process takes at once
MOST = 100_000_000


def sieve(below: int) -> list[int]:
    """The primes below a number, by Eratosthenes."""
    prime = bytearray([1]) * max(below, 2)
    prime[:2] = b"\0\0"
    for number in range(2, isqrt(max(below - 1, 0)) + 1):
        if prime[number]:
            prime[number * number :: number] = bytes(len(range(number * number, below, number)))
    return [number for number in range(below) if prime[number]]


def count(first: int, below: int) -> int:
    """The number of primes in a stretch: what no prime up to the root of its end divides."""
    prime = bytearray([1]) * (below - first)
    for divisor in sieve(isqrt(below) + 1):
        start = max(divisor * divisor, -(-first // divisor) * divisor)
        prime[start - first :: divisor] = bytes(len(range(start, below, divisor)))
    return sum(prime)


def main() -> int:
    try:
        below = int(sys.argv[1]) if len(sys.argv) == 2 else -1
    except ValueError:
        below = -1
    if not 0 <= below <= MOST:
        print(f"usage: primes.py NUMBER, from 0 to {MOST}", file=sys.stderr)
        return 2
    stretches = [(first, min(first + STRETCH, below)) for first in range(2, below, STRETCH)]
    with Pool(min(len(os.sched_getaffinity(0)), 8)) as pool:
        print(sum(pool.starmap(count, stretches)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
