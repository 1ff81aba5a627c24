"""What is asked of a slow, limited API, and drawn from its answers: one file for a script, Celery and Airflow."""

import os
import sys
from io import BytesIO

import beautyspot as bs
import httpx
from PIL import Image, ImageDraw

API = os.environ.get("API", "http://127.0.0.1:9000")

# All that changes on the way from one folder to many machines; None is the file `.beautyspot/posters.db`.
spot = bs.Spot(
    "posters",
    db=os.environ.get("POSTERS_DB"),
    storage=os.environ.get("POSTERS_STORAGE"),
    tpm=600,
    burst=5,
    shared_limit=True,
)


@spot.mark
@spot.limiter()
def summarise(name: str) -> str:
    """Ask the API; what it refuses raises, and nothing is kept of it."""
    answer = httpx.get(f"{API}/summaries", params={"name": name}, timeout=30)
    answer.raise_for_status()
    return answer.text


@spot.mark(save_blob=True, content_type=bs.ContentType.PNG)
def draw(text: str) -> bytes:
    """Return a picture of the text; it goes to the storage, whatever its size."""
    picture = Image.new("RGB", (640, 360), "black")
    ImageDraw.Draw(picture).text((40, 160), text, fill="white", font_size=32)
    png = BytesIO()
    picture.save(png, "PNG")
    return png.getvalue()


def main() -> None:
    """Make the posters of what is named on the command line."""
    for name in sys.argv[1:]:
        print(name, len(draw(summarise(name))), "bytes")


if __name__ == "__main__":
    main()
