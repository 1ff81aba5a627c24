"""What a view has to show."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import streamlit as st
from beautyspot.catalog import Content, ValueReader
from beautyspot.compression import decompress
from beautyspot.records import Task
from beautyspot.sizes import bytes_text

from beautyspot_dashboard.charsets import declared, decoded, named
from beautyspot_dashboard.routes.contents import address_of
from beautyspot_dashboard.texts import text

TEXT_BYTES = 1_000_000
"""Of a longer text only the start is sent to the browser."""
JSON_BYTES = 8 * 1024 * 1024
"""Of a longer text no JSON is parsed, which takes 20 times as much memory."""
VALUE_BYTES = 64 * 1024 * 1024
"""Values that are no bytes or text are read whole, and bigger ones not at all."""


def kept_bytes(reader: ValueReader, task: Task, /) -> bytes:
    """Return a value as it is kept, in msgpack, without its compression; raises as `ValueReader.data` does."""
    if task.result_type == "DIRECT":  # of an earlier release, in JSON
        return (task.result_value or "").encode("utf-8", "surrogatepass")
    data = reader.data(task)
    return data if task.compression is None else decompress(data, task.compression)


@dataclass(frozen=True, slots=True)
class Shown:
    """A kept result and the means to read it."""

    task: Task
    reader: ValueReader
    content: Content | None
    """Its bytes or text; None for any other value."""
    kind: str
    """The media type to show it as."""

    def url(self, **options: str) -> str:
        """Return the address of the content, as the browser reaches this server; `options` as `address_of`'s."""
        return urljoin(st.context.url or "http://localhost", address_of(self.task, type=self.kind, **options))

    def start(self, size_bytes: int = TEXT_BYTES) -> bytes:
        """Return the first bytes of the content."""
        if self.content is None:
            return b""
        self.content.seek(0)
        return self.content.read(size_bytes)

    def text(self) -> str:
        """Return the content's start as text, what its charset doesn't know with marks in its place."""
        start = self.start()
        if self.content is None or self.content.is_text:  # a text is kept as UTF-8, whatever its type says
            return start.decode("utf-8", "replace")
        kind = self.task.content_type or ""
        own = declared(self.kind, start) or declared(kind, start)
        return decoded(start, named(self.kind), named(kind), own)

    @property
    def is_cut(self) -> bool:
        """Whether `text` is not all of it."""
        return self.content is not None and self.content.size_bytes > TEXT_BYTES

    def value(self) -> Any:
        """Return the value whole; raises as `ValueReader.read` does."""
        return self.reader.read(self.task)

    def parsed(self) -> Any:
        """Return the value, or what a text holds as JSON.

        Raises:
            ValueError: the text is no JSON, or longer than `JSON_BYTES`.
        """
        if self.content is None:
            return self.value()
        if self.content.size_bytes > JSON_BYTES:
            most = bytes_text(JSON_BYTES)
            raise ValueError(text("too_big_json", size=bytes_text(self.content.size_bytes), most=most))
        return json.loads(self.start(JSON_BYTES))
