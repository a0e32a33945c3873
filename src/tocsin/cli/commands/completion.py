"""`tocsin completion`: the shell's completion script."""

import click

from tocsin.cli.command import Command


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL."""
    from click.shell_completion import get_completion_class

    root = context.find_root()
    script = get_completion_class(shell)
    assert script is not None
    click.echo(script(root.command, {}, "tocsin", "_TOCSIN_COMPLETE").source())


completion.example = 'eval "$(tocsin completion bash)"'
