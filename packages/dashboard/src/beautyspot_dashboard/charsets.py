"""In which charset bytes are written."""

import codecs
import re
from email.message import Message
from encodings import normalize_encoding

NO_CHARSETS = frozenset(("idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"))
"""Codecs of Python for other things than texts; two of them take time by the square of the length."""
MARKUP = re.compile(r"text/html|[\w.-]+/(?:[\w.-]+\+)?xml", re.ASCII | re.IGNORECASE)
DECLARED = re.compile(
    rb"""<(?:meta\s[^>]*?\bcharset|\?xml\s[^>]*?\bencoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE
)
DECLARED_BYTES = 1024
"""Source: HTML, "Specifying the document's character encoding": it stands in the first 1024 bytes."""


def named(kind: str, /) -> str | None:
    """Return the charset that a media type names."""
    header = Message()
    header["content-type"] = re.sub(r"\s+", " ", kind)
    return header.get_content_charset()


def declared(kind: str, start: bytes, /) -> str | None:
    """Return the charset that a page or XML says of itself; None for any other `kind`, and where it says none."""
    found = DECLARED.search(start[:DECLARED_BYTES]) if MARKUP.match(kind.strip()) else None
    return None if found is None else found[1].decode("ascii")


def is_utf8(start: bytes, /) -> bool:
    """Say whether bytes begin as UTF-8 does; they may end within a letter."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def decoded(data: bytes, *charsets: str | None) -> str:
    """Return `data` as text in the first of `charsets` that is one, else UTF-8; unknown bytes become marks."""
    for charset in filter(None, charsets):
        try:
            if normalize_encoding(codecs.lookup(charset).name).lower() not in NO_CHARSETS:
                return data.decode(charset, "replace")
        except (LookupError, ValueError):  # nobody knows that charset, or it is none of texts
            continue
    return data.decode("utf-8", "replace")
