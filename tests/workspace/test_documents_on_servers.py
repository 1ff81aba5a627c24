"""The blocks of the documents that need a server, run on real ones, which stand for the addresses that a page shows."""

import shlex
from pathlib import Path

import beautyspot as bs
import pytest
from servers.dashboard import dashboard
from servers.object_stores import ObjectStore
from servers.postgres import Postgres
from workspace.blocks import ROOT, Block, blocks_of, run_by
from workspace.test_documents import run_blocks

pytestmark = [pytest.mark.external_service, pytest.mark.slow]


@pytest.fixture
def addresses(postgres: Postgres, moto: ObjectStore, gcs_bucket: str) -> dict[str, str]:
    """What the test started, by what a page calls it."""
    return {
        "postgresql://user@host/name": postgres.url(postgres.create()),
        "s3://bucket/": f"s3://{moto.new_bucket()}/",
        "gs://bucket/": f"gs://{gcs_bucket}/",
        "https://minio.example.org": moto.options()["endpoint_url"],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reader's folder: with a store, as a page may take one along."""
    with bs.Spot("app", db=tmp_path / ".beautyspot/app.db") as spot:
        spot.run(str.title, "who?")
    return tmp_path


@pytest.mark.parametrize(
    ("document", "blocks"),
    run_by(__file__),
    ids=lambda it: it.relative_to(ROOT).as_posix() if isinstance(it, Path) else "",
)
def test_a_block_that_needs_a_server_runs_on_one(
    document: Path, blocks: list[Block], folder: Path, addresses: dict[str, str], moto: ObjectStore
) -> None:
    here = [each for each in blocks_of(document.read_text("utf-8")) if each.runs_on_its_page or each in blocks]
    there = [each._replace(text=moved(each.text, addresses)) for each in here if each.language != "sh"]
    run_blocks(there, folder, **environment(moto))
    for command in [command for each in here if each.language == "sh" for command in each.commands()]:
        beautyspot, ui, *words = shlex.split(command)
        assert (beautyspot, ui) == ("beautyspot", "ui")
        with dashboard(*words, cwd=folder) as served:
            assert "token" in served.url


def moved(text: str, addresses: dict[str, str]) -> str:
    for shown, real in addresses.items():
        text = text.replace(shown, real)
    return text


def environment(moto: ObjectStore) -> dict[str, str]:
    options = moto.options()
    return {
        "AWS_ENDPOINT_URL": options["endpoint_url"],
        "AWS_DEFAULT_REGION": options["region_name"],
        "AWS_ACCESS_KEY_ID": options["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": options["aws_secret_access_key"],
    }
