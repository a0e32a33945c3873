"""`python -m tocsin.demo`: play the story, then stay open for a look around, then leave nothing behind."""

import argparse
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType

from tocsin.demo.children import ChildFailed
from tocsin.demo.organisation import Pace
from tocsin.demo.story import Story, StoryFailed
from tocsin.demo.world import World


def main() -> int:
    """Play it. Exits 0 when the story reached its end, 1 when a step failed, 130 after Ctrl-C in the middle."""
    parser = argparse.ArgumentParser(prog="tocsin demo", description="A whole incident on a small shop.")
    parser.add_argument("--linger", type=float, default=8, metavar="S", help="seconds you have for each step (8)")
    parser.add_argument("--watch", type=int, default=45, metavar="S", help="length of the watch, seconds (45)")
    parser.add_argument("--leave", action="store_true", help="end with the story instead of staying open")
    parser.add_argument("--own-rule", action="store_true", help="do without Prometheus though it is installed")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    directory = Path(tempfile.mkdtemp(prefix="tocsin-demo-"))
    world = World(
        directory,
        pace=Pace(watch=arguments.watch),
        ring=_ring,
        real_monitoring=False if arguments.own_rule else None,
    )
    try:
        return _play(world, linger=arguments.linger, stay=not arguments.leave)
    except KeyboardInterrupt:
        print("\nEnding …")
        return 130
    except (StoryFailed, ChildFailed) as failed:
        print(f"\nThe demo stopped: {failed}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the cleaning up is not to be interrupted
        world.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _play(world: World, *, linger: float, stay: bool) -> int:
    print("Starting a shop, Tocsin and what watches them, each on a free port of this machine …")
    if not world.real_monitoring:
        print("Prometheus and Alertmanager are not used: the shop's own rule sends the same webhook.")
    world.start()
    print("Open this to look on, or to do any step yourself before the story does:")
    print(f"\n  {world.installation.sign_in_link}")
    Story(world, linger=linger).tell()
    if stay:
        print(f"\nThat was the story. Look around at {world.installation.url}; Ctrl-C ends it and removes everything.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("\nEnding …")
    return 0


def _ring(person: str, text: str) -> None:
    print(f"      ☎ {person.capitalize()}'s phone: {text}")


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
