"""Sum up a web server's access log (the "combined" or "common" format of Apache and nginx) from standard input.

jailpy run examples/log_summary.py < access.log
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable

LINE = re.compile(r'(?P<client>\S+) \S+ \S+ \[[^]]+\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<size>\d+|-)')
MOST = 5


class Summary:
    def __init__(self) -> None:
        self.requests = self.size = self.odd = 0
        self.status: Counter[str] = Counter()
        self.clients: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def take(self, lines: Iterable[str]) -> None:
        for line in lines:
            found = LINE.match(line)
            if found is None:
                self.odd += 1
                continue
            self.requests += 1
            self.size += int(found["size"].replace("-", "0"))
            self.status[f"{found['status'][0]}xx"] += 1
            self.clients[found["client"]] += 1
            if found["status"] >= "400":
                self.failed[f"{found['status']} {found['request']}"] += 1

    def lines(self) -> list[str]:
        """What there is to say. Requests are the clients' own words, so they are shown as Python would write them."""
        return [
            f"{self.requests} requests, {self.size} bytes, {self.odd} lines not understood",
            *(f"{status}: {count}" for status, count in sorted(self.status.items())),
            *(f"client {client!r}: {count}" for client, count in self.clients.most_common(MOST)),
            *(f"failed {request!r}: {count}" for request, count in self.failed.most_common(MOST)),
        ]


def main() -> int:
    sys.stdin.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    summary = Summary()
    summary.take(sys.stdin)
    if not summary.requests:
        print("log_summary.py: there is no line of an access log", file=sys.stderr)
        return 1
    print(*summary.lines(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
