import subprocess
import sys

import pytest
from beautyspot.errors import DamagedEntryError
from beautyspot.serializers import MsgpackSerializer

LIBRARIES = ("numpy", "pandas", "polars", "pyarrow", "pydantic")


def test_reading_a_plain_value_loads_no_codec_and_writing_any_loads_no_library() -> None:
    program = f"""
import sys
from beautyspot.serializers import MsgpackSerializer
serializer = MsgpackSerializer()
serializer.loads(bytes([0x81, 0xA1, 0x61, 0x01]))
assert "beautyspot.serializers.codecs" not in sys.modules
serializer.loads(serializer.dumps((1, {{2}}, 1j, 2**80)))
assert not set(sys.modules) & set({LIBRARIES!r})
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_missing_library_is_damage_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import polars

    data = MsgpackSerializer().dumps(polars.Series("a", [1]))
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(DamagedEntryError, match=r"pip install 'beautyspot\[data\]'"):
        MsgpackSerializer().loads(data)
