"""Write `docs/reference/cli.md` from the commands themselves: `python -m docs.commands`.

Only what crmkit brings is told; a plugin's commands are on the plugin's page.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from crmkit.cli.root import COMMANDS, root
from crmkit.cli.state import Run

PAGE = Path(__file__).parent / "reference" / "cli.md"
BEGIN = "<!-- made by `python -m docs.commands`: do not write below -->"


def generated() -> str:
    """Return the part of the page that follows from the commands."""
    with click.Context(root, info_name="crmkit", obj=Run(no_plugins=True).crm) as ctx:
        return "\n".join(_lines(ctx)).rstrip() + "\n"


def _lines(ctx: click.Context) -> Iterator[str]:
    for name in COMMANDS:
        command = root.get_command(ctx, name)
        if command is not None:
            yield from _command(command, f"crmkit {name}", "##")


def _command(command: click.Command, path: str, level: str) -> Iterator[str]:
    yield f"{level} {path}"
    yield ""
    yield from _help(command)
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from _command(inner, f"{path} {name}", "###")
        return
    yield "```text"
    yield " ".join([path, *(_usage(one) for one in command.params if isinstance(one, click.Argument)), "[OPTIONS]"])
    yield "```"
    yield ""
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if options:
        yield "| option | says |"
        yield "|---|---|"
        yield from (_option(one) for one in options)
        yield ""


def _help(command: click.Command) -> Iterator[str]:
    for paragraph in (command.help or "").split("\n\n"):
        if paragraph.strip():
            yield " ".join(paragraph.split())
            yield ""


def _usage(argument: click.Argument) -> str:
    name = argument.human_readable_name.upper()
    name = f"{name}..." if argument.nargs == -1 else name
    return name if argument.required else f"[{name}]"


def _option(option: click.Option) -> str:
    names = ", ".join((*option.opts, *option.secondary_opts))
    if not option.is_flag:
        names += " " + _kind(option)
    says = [" ".join((option.help or "").split())]
    says += ["Needed."] if option.required else []
    says += ["May be given several times."] if option.multiple else []
    is_said = option.show_default and isinstance(option.default, str | int | float | tuple | list)
    says += [f"By default `{_default(option)}`."] if is_said else []
    return f"| `{names}` | {' '.join(filter(None, says))} |".replace("||", "|")


def _kind(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return " or ".join(map(str, option.type.choices))
    return option.metavar or option.type.name.upper()


def _default(option: click.Option) -> str:
    default = option.default
    return ", ".join(map(str, default)) if isinstance(default, tuple | list) else str(default)


def main() -> None:
    """Write the page anew; what stands above the mark stays."""
    above = PAGE.read_text("utf-8").partition(BEGIN)[0]
    PAGE.write_text(f"{above}{BEGIN}\n\n{generated()}", "utf-8")


if __name__ == "__main__":
    main()
