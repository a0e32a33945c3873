"""The shop's deploy tool: asks Tocsin before it deploys, and tells it afterwards, as any pipeline would.

`python -m tocsin.demo.shopctl deploy v43` exits 1 while deploys are held; `rollback` puts the version before back.
It finds the shop by SHOP_DEPLOY (the deploy file) and Tocsin by TOCSIN_URL and TOCSIN_TOKEN.
"""

import argparse
import os
import subprocess
from pathlib import Path

from tocsin.demo.children import tocsin_command

SERVICE = "checkout"


def _tocsin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*tocsin_command(), *arguments], capture_output=True, text=True, check=False)


def change_id(kind: str, version: str) -> str:
    """How a change is named to Tocsin, so that one may be allowed while others are held."""
    return f"{kind}-{version}"


def release(kind: str, version: str, deploy: Path, history: Path) -> int:
    """Ask, put `version` in place, tell. Returns the exit code."""
    change = change_id(kind, version)
    asked = _tocsin("freeze", "check", "--service", SERVICE, "--change", change)
    if asked.returncode == 1:
        print(f"refused: {asked.stdout.strip() or asked.stderr.strip()}")
        return 1
    if asked.returncode not in (0, 3):
        print(f"could not ask whether deploys are held: {asked.stderr.strip()}")
    with history.open("a") as file:
        file.write(deploy.read_text().strip() + "\n")
    deploy.write_text(version + "\n")
    options = ["--id", change, "--kind", kind, "--service", SERVICE, "--version", version]
    told = _tocsin("change", "record", *options, f"{kind} of checkout {version}")
    print(f"checkout now runs {version}")
    if told.returncode != 0:
        print(f"(Tocsin was not told: {told.stderr.strip()})")
    return 0


def main() -> int:
    """Deploy or roll back."""
    parser = argparse.ArgumentParser(prog="shopctl", description="Deploys the shop's checkout.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("deploy", help="put a version in place").add_argument("version")
    commands.add_parser("rollback", help="put the version before back")
    arguments = parser.parse_args()
    deploy = Path(os.environ["SHOP_DEPLOY"])
    history = deploy.with_suffix(".history")
    if arguments.command == "deploy":
        return release("deploy", arguments.version, deploy, history)
    versions = history.read_text().split() if history.exists() else []
    if not versions:
        print("there is no version before")
        return 1
    return release("rollback", versions[-1], deploy, history)


if __name__ == "__main__":
    raise SystemExit(main())
