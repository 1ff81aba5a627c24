"""What a kept result is, so that a dashboard knows how to show it."""

from enum import StrEnum


class ContentType(StrEnum):
    """Media types (IANA names where one is registered) for `mark(content_type=…)`.

    Any other media type can be given as a plain string.
    """

    TEXT = "text/plain"
    JSON = "application/json"
    MARKDOWN = "text/markdown"
    HTML = "text/html"
    MERMAID = "text/vnd.mermaid"
    GRAPHVIZ = "text/vnd.graphviz"
    CSV = "text/csv"
    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"
    SVG = "image/svg+xml"
    AUDIO_WAV = "audio/wav"
    AUDIO_MP3 = "audio/mpeg"
    AUDIO_OGG = "audio/ogg"
    AUDIO_FLAC = "audio/flac"
    VIDEO_MP4 = "video/mp4"
    VIDEO_WEBM = "video/webm"
    PDF = "application/pdf"
    PARQUET = "application/vnd.apache.parquet"
    BYTES = "application/octet-stream"
