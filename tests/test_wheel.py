"""The wheel carries everything that runs: templates, assets, migrations, the runbook, licences."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_carries_every_file_of_the_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    built = subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(ROOT)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert built.returncode == 0, built.stderr[-2000:]
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    package = ROOT / "src"
    wanted = {
        str(file.relative_to(package))
        for file in (package / "tocsin").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert sorted(wanted - names) == []
    assert any(name.endswith("licenses/LICENSE") for name in names)
