"""`tocsin demo`: a story that plays by itself and that a visitor can take over."""

import sys

import click

from tocsin.cli.command import Command


@click.command(cls=Command, context_settings={"ignore_unknown_options": True})
@click.option("--linger", type=float, default=8, show_default=True, help="Seconds you have for each step.")
@click.option("--watch", type=int, default=45, show_default=True, help="Length of the watch, seconds.")
@click.option("--leave", is_flag=True, help="End with the story instead of staying open.")
@click.option("--own-rule", is_flag=True, help="Do without Prometheus though it is installed.")
@click.pass_context
def demo(context: click.Context, linger: float, watch: int, leave: bool, own_rule: bool) -> None:
    """Play a whole incident on a small shop, on free ports of this machine; it leaves nothing behind."""
    from tocsin.demo.__main__ import main

    sys.argv = ["tocsin demo", "--linger", str(linger), "--watch", str(watch)]
    sys.argv += ["--leave"] * leave + ["--own-rule"] * own_rule
    context.exit(main())


demo.example = "tocsin demo\ntocsin demo --linger 0 --leave"
