"""Every folder of the recipes is a service whose README names the test that runs its commands."""

from pathlib import Path

import pytest
from workspace.blocks import ROOT, blocks_of

SERVICES = sorted(path for path in (ROOT / "recipes").iterdir() if path.is_dir() and path.name[0] not in "._")


def untested(service: Path) -> str | None:
    """Return what a service lacks; that the test runs the commands is seen to by `workspace/test_documents.py`."""
    tester = f"tests/recipes/test_{service.name.replace('-', '_')}.py"
    if not (service / "README.md").exists():
        return f"{service.name} has no README.md; say there how it is started"
    blocks = blocks_of((service / "README.md").read_text("utf-8"))
    if not [block for block in blocks if block.language == "sh" and block.tester == tester]:
        return (
            f'{service.name}/README.md has no command that is run; write one in a block of `sh title="run by {tester}"`'
        )
    return None


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_service_has_a_command_that_its_test_runs(service: Path) -> None:
    assert untested(service) is None


def test_a_service_without_a_test_of_its_own_is_found(tmp_path: Path) -> None:
    service = tmp_path / "broken"
    service.mkdir()
    assert "no README" in str(untested(service))
    (service / "README.md").write_text("```sh\npip install beautyspot\n```\n")
    assert "run by tests/recipes/test_broken.py" in str(untested(service))
