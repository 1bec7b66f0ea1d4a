"""``make feature NAME=polls``: the folder of a new feature, with a command that answers and its dialog."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = {
    "__init__.py": '"""{Title}."""\n',
    "README.md": (
        "# {Title}\n\nWhat it does, and the rule it keeps.\n\n"
        "```dialog\nlucia @ direct: !{name}\n  Nothing here yet.\n```\n"
    ),
    "feature.py": (
        '"""{Title}: wiring only."""\n\n'
        "from copp_bot.core.feature import Core, Feature\n"
        "from copp_bot.core.i18n import deferred\n"
        "from copp_bot.features.{name} import commands\n\n\n"
        "def build(core: Core) -> Feature:\n"
        '    """The feature."""\n'
        "    return Feature(\n"
        '        name="{name}",\n'
        '        summary=deferred("{title}"),\n'
        "        commands=commands.declare(),\n"
        '        permissions={{"{name}.use": deferred("use {title}")}},\n'
        "    )\n"
    ),
    "commands.py": (
        '"""The chat edge of {title}."""\n\n'
        "from copp_bot.core.commands.declare import Args, Command\n"
        "from copp_bot.core.context import Context\n"
        "from copp_bot.core.i18n import deferred\n"
        "from copp_bot.core.reply import Reply\n"
        "from copp_bot.features.{name} import render\n\n\n"
        "def declare() -> tuple[Command, ...]:\n"
        '    """The commands of this feature."""\n'
        '    return (Command("{name}", show, deferred("Show {title}"), "{name}.use", "!{name}"),)\n\n\n'
        "def show(_context: Context, _args: Args) -> Reply:\n"
        '    """``!{name}``."""\n'
        "    return render.render_nothing()\n"
    ),
    "render.py": (
        '"""How {title} read. Pure."""\n\n'
        "from copp_bot.core.i18n import gettext as _\n"
        "from copp_bot.core.reply import Reply, say\n\n\n"
        "def render_nothing() -> Reply:\n"
        '    """There is nothing to show."""\n'
        '    return say(_("Nothing here yet."))\n'
    ),
}


def main() -> int:
    """Write the folder; 1 when the name is no name or taken."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    folder = ROOT / "copp_bot" / "features" / name
    if not name.isidentifier() or not name.islower() or folder.exists():
        print(f"“{name}” is taken or is not a lower-case name. Say for example: make feature NAME=polls")
        return 1
    folder.mkdir()
    for file, text in FILES.items():
        (folder / file).write_text(text.format(name=name, title=name, Title=name.capitalize()), encoding="utf-8")
    print(f"{folder.relative_to(ROOT)} is there. Next: docs/adding_a_feature.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
