"""The root command: which commands there are is known without loading any of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final

import click

from .. import __version__
from ..errors import nearest

COMMANDS: Final = {
    "init": ("crmkit.cli.init:init", "Begin a CRM in this folder: crmkit.toml and a database."),
    "demo": ("crmkit.cli.demo:demo", "Make a small company and walk through everything with it."),
    "import": ("crmkit.cli.importing:import_", "Import a CSV or JSON Lines file."),
    "imports": ("crmkit.cli.imports:imports", "Imports that were made: list, show, resume, undo."),
    "export": ("crmkit.cli.exporting:export", "Export records to CSV or JSON Lines."),
    "customers": ("crmkit.cli.customers:customers", "Customers: add, find, show, change, link, merge."),
    "timeline": ("crmkit.cli.interactions:timeline", "What passed between a customer and us, newest first."),
    "interactions": ("crmkit.cli.interactions:interactions", "Interactions: record, plan, due."),
    "deals": ("crmkit.cli.deals:deals", "Deals: open, move, win, lose, board, history."),
    "surveys": ("crmkit.cli.surveys:surveys", "Surveys: create, send, answer."),
    "messages": ("crmkit.cli.messages:messages", "Messages: send, list, resolve uncertain ones."),
    "kpis": ("crmkit.cli.kpis:kpis", "KPIs: list, show, explain."),
    "report": ("crmkit.builtin.report.commands:report", "Write one self-contained page of figures."),
    "history": ("crmkit.cli.history:history", "Who changed what of a record."),
    "work": ("crmkit.cli.working:work", "Run what waits: subscribers, reminders, messages."),
    "plugins": (
        "crmkit.cli.plugins:plugins",
        "Plugins: list, show, doctor, disable, enable, schema, new, manifest, check.",
    ),
    "hooks": ("crmkit.cli.hooks:hooks", "Hooks: order, trace."),
    "db": ("crmkit.cli.db:db", "The database: status, upgrade, check, backup, restore, copy."),
}


class Root(click.Group):
    """Loads a command when it runs; the help of the others is one line that is known beforehand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, those of plugins last."""
        return [*COMMANDS, *sorted(name for name in self._of_plugins(ctx) if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loaded."""
        if cmd_name in COMMANDS:
            return _loaded(COMMANDS[cmd_name][0])
        found = self._of_plugins(ctx).get(cmd_name)
        return found.load() if found else self._without_manifest(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their line of help, loading none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])
        found = {name: command.help for name, command in self._of_plugins(ctx).items() if name not in COMMANDS}
        if found:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(sorted(found.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Note what the line says of the whole run: which commands there are depends on the project and the company."""
        run = ctx.find_root().obj.run_
        run.project, run.store, run.actor, run.tenant = (
            ctx.params[one] for one in ("project", "store", "actor", "tenant")
        )
        return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words name; a misspelt one is told with the nearest right one."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.UsageError(f"There is no command {args[0]!r}.{nearest(args[0], self.list_commands(ctx))}", ctx)
        return super().resolve_command(ctx, args)

    def _without_manifest(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of an installed plugin whose wheel says nothing of it: only loading tells."""
        from .plugin_commands import loaded_command  # the word is none that we know

        return None if name.startswith("-") else loaded_command(ctx.find_root().obj.run_, name)

    def _of_plugins(self, ctx: click.Context) -> dict[str, Any]:
        from .plugin_commands import plugin_commands  # reads manifests; a built-in command needs none

        return plugin_commands(ctx.find_root().obj.run_)


def _loaded(target: str) -> click.Command:
    module, _, name = target.partition(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    return command


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    help="The crmkit.toml to use; by default the one in this folder or above.",
)
@click.option("--store", default="", metavar="URL", help="Another store than the project's: sqlite:///crm.db")
@click.option("--actor", default="", envvar="CRMKIT_ACTOR", help="Who acts; stands in the log.")
@click.option(
    "--tenant", default="", envvar="CRMKIT_TENANT", metavar="NAME", help="The company, where several share a database."
)
@click.version_option(__version__, message="crmkit %(version)s")
def root(**_: object) -> None:
    """A CRM: customers, interactions, deals, surveys and figures in one place.

    Anywhere on the line: --json (for programs), --no-plugins, --full-ids, --debug.
    """
