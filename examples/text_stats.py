"""Count lines, words and letters of text files, and name the words used most.

jailpy run --read README.md examples/text_stats.py README.md
"""

import re
import sys
from collections import Counter
from pathlib import Path


def describe(name: str, text: str) -> str:
    words = re.findall(r"[^\W\d_]{2,}", text.lower())
    common = ", ".join(f"{word} ({count})" for word, count in Counter(words).most_common(5))
    return f"{name}: {len(text.splitlines())} lines, {len(words)} words, {len(text)} characters\n  most used: {common}"


def main() -> int:
    if len(sys.argv) < 2:
        print("usage: text_stats.py FILE...", file=sys.stderr)
        return 2
    failed = 0
    for name in sys.argv[1:]:
        try:
            print(describe(name, Path(name).read_text(encoding="utf-8")))
        except OSError as error:
            print(f"{name}: {error.strerror}", file=sys.stderr)
            failed = 1
        except UnicodeDecodeError:
            print(f"{name}: not UTF-8", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
