"""Whether a result fits its key, where what its function closes over may change while the call waits or runs."""

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyMaker
from beautyspot.walk.calls import Args, Kwargs


class Fit:
    """The key of a call that begins now, and what it was made of beside the arguments."""

    __slots__ = ("_held", "_keys", "key")

    def __init__(self, keys: KeyMaker, key: str, args: Args, kwargs: Kwargs) -> None:
        """Make the key anew if the function closes over anything: `key` may be of before the call waited."""
        self._keys, self._held, self.key = keys, keys.held, key
        if not self._held:
            return
        for _ in range(3):  # another thread may make a key of another value between the two
            self._held, self.key = keys.held, keys.key(args, kwargs)
            if keys.held is self._held:
                break

    @property
    def lasts(self) -> bool:
        """Whether the call, now that it ended, would begin with the same."""
        return not self._held or self._keys.is_still(self._held)


def no_key() -> UnkeyableArgument:
    """Return why a result fits no key."""
    return UnkeyableArgument(
        "what it closes over was given another value while it ran, so the result may be of either; "
        "pass what changes as an argument, or leave it out with ignore="
    )
