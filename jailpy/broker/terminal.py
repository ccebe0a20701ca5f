"""What of the plugin's output a terminal may obey: line ends, tabs and colours. All else is shown.

A terminal takes orders in the bytes that it prints (ECMA-48): to move, to erase, to change its title, to put something
on the clipboard, to answer as if the person had typed. Imported only where a stream of ours is a terminal.
"""

from __future__ import annotations

import re  # noqa: TID253 (few runs have a terminal, and come here)

_LONGEST = 64  # bytes of a colour sequence; a longer one is shown
_PLAIN = rb"(?:[\t\n\x20-\x7e]+|\r\n)"
_EDITED = rb"[\t\n\x20-\x7e\r\b]+"  # with what moves within a line, as the echo of a line that is edited does
_COLOUR = rb"\x1b\[[0-9;:]{0,%d}m" % (_LONGEST - 3)  # SGR: select graphic rendition
_CHARACTER = (  # UTF-8 as RFC 3629 has it, without the C1 controls U+0080 to U+009F
    rb"\xc2[\xa0-\xbf]|[\xc3-\xdf][\x80-\xbf]"
    rb"|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
_PART = (  # the start of one of these, which the next bytes may complete
    rb"(?:\x1b(?:\[[0-9;:]{0,%d})?|[\xc2-\xf4]|\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]?|[\xf1-\xf3][\x80-\xbf]{1,2}|\xf4[\x80-\x8f][\x80-\xbf]?)\Z" % (_LONGEST - 3)
)
_SHOWN = tuple(chr(byte).encode("unicode_escape") for byte in range(256))
_RESET = b"\x1b[0m"


class Cleaner:
    """Cleans one stream, in whatever pieces it comes. No piece that it returns ends within a sequence."""

    def __init__(self, *, utf8: bool, edited: bool = False) -> None:
        """``utf8``: the terminal is known to read it; others take some bytes of its letters for C1 controls.

        ``edited``: lines are edited on it, so backspace and carriage return are obeyed too.
        """
        self._utf8 = utf8
        tokens = (_EDITED if edited else _PLAIN, _COLOUR, _CHARACTER)
        self._token = re.compile(b"(%s)|(%s)|(%s)|([^\\t\\n\\x20-\\x7e])" % tokens)
        self._part = re.compile(_PART if edited else rb"\r\Z|" + _PART)
        self._held = b""
        self._coloured = False

    def clean(self, data: bytes) -> bytes:
        """What may be written now; the start of something that is not complete is held back."""
        data = self._held + data
        part = self._part.search(data, max(0, len(data) - _LONGEST))
        end = part.start() if part else len(data)
        self._held = data[end:]
        return self._token.sub(self._passed, data[:end])

    def end(self) -> bytes:
        """What is left to write when nothing more comes: an incomplete start is shown, and colours are reset."""
        rest = b"".join(_SHOWN[byte] for byte in self._held)
        self._held = b""
        return rest + (_RESET if self._coloured else b"")

    def _passed(self, found: re.Match[bytes]) -> bytes:
        kind, token = found.lastindex, found[0]
        if kind == 4:
            return _SHOWN[token[0]]
        if kind == 3 and not self._utf8 and any(0x80 <= byte < 0xA0 for byte in token):
            return token.decode().encode("unicode_escape")
        if kind == 2:
            self._coloured = bool(token.strip(b"\x1b[0;m"))
        return token
