"""Turn Markdown on standard input into HTML: headings, paragraphs, lists, code, emphasis and links, and no raw HTML.

jailpy run examples/markdown_to_html.py < README.md > README.html
"""

import re
import sys
from collections.abc import Iterator
from html import escape

SPANS = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>\S(?:.*?\S)?)\*\*"
    r"|\*(?P<em>\S(?:[^*]*\S)?)\*"
    r"|\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)"
)
SAFE = re.compile(r"(?:https?://|mailto:|[#/]|[\w.-]+(?:[/#]|$))")  # a javascript: address is left as it stands


def inline(text: str) -> str:
    """What is inside a line; everything that is not one of SPANS is text."""
    parts = []
    end = 0
    for span in SPANS.finditer(text):
        parts += [escape(text[end : span.start()]), element(span)]
        end = span.end()
    return "".join([*parts, escape(text[end:])])


def element(span: re.Match[str]) -> str:
    if code := span["code"]:
        return f"<code>{escape(code)}</code>"
    for name in ("strong", "em"):
        if inner := span[name]:
            return f"<{name}>{inline(inner)}</{name}>"
    if SAFE.match(span["target"]):
        return f'<a href="{escape(span["target"])}">{inline(span["text"])}</a>'
    return escape(span[0])


def blocks(lines: Iterator[str]) -> Iterator[str]:
    """The lines of HTML."""
    paragraph: list[str] = []
    listed = False
    for line in lines:
        heading, item = re.match(r"(#{1,6}) +(.+?)[ #]*$", line), re.match(r"[-*+] +(.+)", line)
        if paragraph and (heading or item or not line.strip() or line.startswith("```")):
            yield f"<p>{inline(' '.join(paragraph))}</p>"
            paragraph.clear()
        if listed and not item:
            yield "</ul>"
            listed = False
        if line.startswith("```"):
            yield from fenced(lines)
        elif heading:
            yield f"<h{len(heading[1])}>{inline(heading[2])}</h{len(heading[1])}>"
        elif item:
            yield f"{'' if listed else '<ul>'}<li>{inline(item[1])}</li>"
            listed = True
        elif line.strip():
            paragraph.append(line.strip())
    if paragraph:
        yield f"<p>{inline(' '.join(paragraph))}</p>"
    if listed:
        yield "</ul>"


def fenced(lines: Iterator[str]) -> Iterator[str]:
    yield "<pre><code>"
    for line in lines:
        if line.startswith("```"):
            break
        yield escape(line)
    yield "</code></pre>"


def main() -> int:
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        print(f"markdown_to_html.py: byte {error.start}: not UTF-8", file=sys.stderr)
        return 1
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in blocks(iter(text.splitlines())):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
