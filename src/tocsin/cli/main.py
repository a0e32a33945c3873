"""The command `tocsin`. Each command's module is imported when it is called, so that none pays for another."""

import gc
import importlib
import sys
from collections.abc import Sequence

import click

from tocsin.cli.command import Group, wants_json
from tocsin.cli.errors import COULD_NOT_ASK, REFUSED, USAGE, Away, NoServerKnown, Refused
from tocsin.terminal import visible

_ROOT = "tocsin.cli.commands"
_SELDOM = (50_000, 20, 100)  # the collector's looks at what is being imported took a tenth of the time
# name: (module below commands/, attribute, one line). The line stands here so that `tocsin --help` imports nothing.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "serve": ("server", "serve", "Start the server."),
    "migrate": ("server", "migrate", "Bring the database to this version."),
    "verify": ("server", "verify", "Prove that no timeline was changed behind Tocsin's back."),
    "backup": ("server", "backup", "Write a copy of everything to one file, also while running."),
    "restore": ("server", "restore", "Put a backup back."),
    "redact": ("server", "redact", "Remove a secret from a timeline entry and all its copies."),
    "invite": ("tokens", "invite", "Invite a person: a link that signs them in once."),
    "token": ("tokens", "token", "Make, list and revoke tokens."),
    "login": ("login", "login", "Tell this machine where the server is and who you are."),
    "plan": ("organisation", "plan", "Show what `apply` would change; exits 2 when something would."),
    "apply": ("organisation", "apply", "Make the organisation be as the files say."),
    "export": ("organisation", "export", "Write the organisation as files."),
    "schema": ("organisation", "schema", "Print the JSON Schema of the organisation's files."),
    "page": ("pages", "page", "Page a person, team or service now; list pages."),
    "alerts": ("alerts", "alerts", "Look for alerts by label or word."),
    "ack": ("pages", "ack", "Acknowledge a page."),
    "groups": ("alerts", "groups", "List groups of alerts: what people are paged for."),
    "resolve": ("alerts", "resolve", "Call over what fires in a group."),
    "snooze": ("pages", "snooze", "Keep a page or group quiet until a time."),
    "method": ("methods", "method", "How you can be reached: add, prove and test methods."),
    "heartbeat": ("heartbeats", "heartbeat", "What must be heard of every so often; its silence is an alert."),
    "intake": ("intake", "intake", "Integrations, and what they sent that could not be understood."),
    "route": ("routing", "route", "Which way an alert would go."),
    "silence": ("intake", "silence", "Keep matching alerts from paging until a time."),
    "maintenance": ("intake", "maintenance", "The services' maintenance hours of the coming week."),
    "oncall": ("oncall", "oncall", "Who is on call, now or at any time."),
    "leave": ("between", "leave", "When people are away."),
    "override": ("override", "override", "Override a shift, or a gate with a reason."),
    "shadow": ("between", "shadow", "Learn by hearing what whoever is on call hears."),
    "swap": ("between", "swap", "Swap shifts, once the other one agrees."),
    "declare": ("incidents", "declare", "Declare an incident."),
    "incidents": ("incidents", "incidents", "List incidents; show one and its timeline."),
    "link": ("incidents", "link", "Add an alert group or a URL to an incident."),
    "rename": ("incidents", "rename", "Give an incident another title."),
    "cancel": ("incidents", "cancel", "Cancel an incident that was none."),
    "merge": ("incidents", "merge", "Merge an incident into another."),
    "impact": ("incidents", "impact", "Say who and what is hit, and since when."),
    "role": ("roles", "role", "Take, give, hand over or leave a role."),
    "severity": ("incidents", "severity", "Change the severity."),
    "phase": ("incidents", "phase", "Move an incident to a phase."),
    "note": ("incidents", "note", "Write a line on the timeline."),
    "update": ("comms", "update", "Post an internal or status page update."),
    "escalate": ("comms", "escalate", "Call in another team, security or legal."),
    "vendor": ("comms", "vendor", "Engage a vendor and note its answers."),
    "change": ("changes", "change", "Record and list deploys, flags and other changes."),
    "decide": ("decisions", "decide", "Record a decision and, later, what came of it."),
    "run": ("run", "run", "Run a command here and record it as a decision."),
    "check": ("recovery", "check", "Recovery checks: list, add, give one's word."),
    "freeze": ("freeze", "freeze", "Ask whether deploys are held; hold and release them."),
    "snapshot": ("snapshot", "snapshot", "Capture uptime, memory, disks and processes of this host."),
    "scratch": ("scratch", "scratch", "Begin a scratch document without a server; attach it later."),
    "spool": ("spool", "spool", "What waits to be handed over to the server."),
    "evidence": ("evidence", "evidence", "Keep files as evidence by their SHA-256."),
    "postmortem": ("review", "postmortem", "Read, write and publish a postmortem."),
    "followup": ("review", "followup", "Follow-ups with owner and due date."),
    "runbook": ("runbook", "runbook", "Check, explain and simulate a runbook."),
    "completion": ("completion", "completion", "Print the shell's completion script."),
    "demo": ("demo", "demo", "Play a whole incident on a small shop."),
}


class _Tocsin(Group):
    """Looks a command up by name and imports its module only then."""

    example = (
        "tocsin oncall now\n"
        "tocsin declare 'Checkout answers 500' --severity 2 --service checkout-api\n"
        "tocsin run --expect 'errors below 1%' --by 10m -- kubectl rollout undo deploy/checkout-api"
    )

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found: click.Command = getattr(importlib.import_module(f"{_ROOT}.{module}"), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=_Tocsin, name="tocsin", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=None, version=__import__("tocsin").__version__, message="tocsin %(version)s")
def tocsin() -> None:
    """The runbook that runs itself.

    Commands find the server by TOCSIN_URL and TOCSIN_TOKEN, or by `tocsin login`. What you tell while it is away is kept
    here and handed over later.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `tocsin` and return its exit code: 0 done, 1 refused, 2 `plan` would change something, 3 could not ask, 64 usage."""
    gc.set_threshold(*_SELDOM)
    try:
        answer = tocsin.main(args=arguments, prog_name="tocsin", standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.Abort:
        sys.stderr.write("\n")
        return 130
    except click.ClickException as error:
        error.show()
        return REFUSED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has read enough (`| head`); what is still buffered must not complain at the end.
        sys.stdout = None
        return 0
    except NoServerKnown as error:
        return _say(str(error), COULD_NOT_ASK)
    except Away as error:
        return _say(str(error), COULD_NOT_ASK)
    except Refused as error:
        return _refused(error)
    except Exception as error:
        from tocsin.errors import Invalid, TocsinError

        if not isinstance(error, TocsinError):
            raise
        mistakes = error.mistakes if isinstance(error, Invalid) else ()
        said = [
            f"{mistake.field}: {mistake.message}"
            for mistake in mistakes
            if mistake.field and mistake.message not in error.message
        ]
        return _say("\n  ".join([error.message, *said]), REFUSED)


def _refused(error: Refused) -> int:
    if wants_json() or "--json" in sys.argv:
        import json

        sys.stdout.write(json.dumps(error.problem, ensure_ascii=False, indent=2) + "\n")
        return REFUSED
    said = [
        f"{mistake['field']}: {mistake['message']}"
        for mistake in error.problem.get("errors", [])
        if mistake.get("field") and str(mistake.get("message")) not in str(error)
    ]
    return _say("\n  ".join([str(error), *said]), REFUSED)


def _say(text: str, code: int) -> int:
    sys.stderr.write(f"tocsin: {visible(text)}\n")
    return code
