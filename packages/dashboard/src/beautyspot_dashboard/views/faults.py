"""What a view says of content that it can't show."""


class NotThatKindError(ValueError):
    """The content is not what its content type says; the message is the library's own reason."""
