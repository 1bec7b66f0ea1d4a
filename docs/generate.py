"""Writes the documents that follow from the code: ``make docs``. ``--check`` only says whether they are current."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from copp_bot.app import commands_of, permissions_of, unconnected_features
from copp_bot.core.commands.declare import Command
from copp_bot.core.feature import Feature
from copp_bot.core.permissions import EVERYTHING, Policy
from copp_bot.core.settings import PREFIX, Settings
from copp_bot.rooms.declaration import load

ROOT = Path(__file__).parent.parent
NOTE = "<!-- Made by `make docs` from the code; do not edit. -->\n"


def main() -> int:
    """Write, or compare with what is there; 1 when something is out of date."""
    checking = "--check" in sys.argv
    stale = []
    for path, text in documents():
        if checking and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(path)
        elif not checking:
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path.relative_to(ROOT)} is out of date: run make docs")
    return 1 if stale else 0


HOW = """\
- A command begins with `!`, or the message names the bot (`@copp library list`); named within a sentence, all that is
  said beside the name has to be one. In the direct chat the `!` may be left out. Below the quote of a reply it is
  understood as well.
- `#tag` and `key:value` stand anywhere; words in quotes stay together. `lang:` takes a code or a name (`fr`,
  `français`), `until:` and `since:` a day (`2027-01-31`, `31.01.2027`), `by:` a person of this server in small or
  capital letters.
- Things have short ids: `L4821`, `l 4821.` and `#4821` are the same. An id alone, in the direct chat or behind `!`,
  shows the thing.
- A list is answered by a number, a question by its reaction, its word, or a yes or no in a language of Europe (`oui`,
  `nein`, 👍, 👎): as a reply, and in the direct chat without one. There, a reply that is no choice hears the choices.
- A mistyped command hears what was probably meant, or what there is of its topic. An edited command is not run again,
  nor is talk that becomes one: send it anew.
"""
"""How to speak to the bot; put above the commands."""


def documents() -> Iterator[tuple[Path, str]]:
    """Every generated document with its text."""
    declared = load(ROOT / "rooms_config")
    config = Settings(homeserver="http://127.0.0.1", user_id="@copp:example.org")
    features = unconnected_features(config, declared)
    yield ROOT / "docs" / "commands.md", commands(features, declared.policy())
    yield ROOT / "docs" / "permissions.md", permissions(features, declared.policy())
    yield ROOT / "docs" / "settings.md", settings()
    yield ROOT / "docs" / "jobs.md", jobs(features)


def commands(features: tuple[Feature, ...], policy: Policy) -> str:
    """Every command by feature, ``help`` first."""
    lines = [NOTE, "# Commands\n", HOW]
    helping = commands_of(features, lambda name, _language: name)["help"]
    lines += _section("Help", "What you can do, and how we talk with each other", (helping,), policy)
    for feature in features:
        if feature.commands:
            lines += _section(feature.name.capitalize(), feature.summary, feature.commands, policy)
    return "\n".join(lines)


def _section(title: str, summary: str, commands: Sequence[Command], policy: Policy) -> list[str]:
    lines = [f"## {title}\n", f"{summary}.\n", "| command | does | who | example |", "|---|---|---|---|"]
    for command in commands:
        who = ", ".join(policy.who_may(command.permission))
        lines.append(f"| `{_cell(command.usage)}` | {command.summary} | {who} | `{_cell(command.example)}` |")
    return [*lines, ""]


def permissions(features: tuple[Feature, ...], policy: Policy) -> str:
    """Every named permission, and who holds it."""
    words = {name: text for feature in features for name, text in feature.permissions.items()}
    lines = [NOTE, "# Permissions\n", "| permission | allows | held by |", "|---|---|---|"]
    for name in sorted(permissions_of(features)):
        holders = [standing.value for standing, names in policy.standing.items() if name in names]
        holders += [r.name for r in policy.roles.values() if name in r.permissions or EVERYTHING in r.permissions]
        lines.append(f"| `{name}` | {words.get(name, 'see what one can do')} | {', '.join(holders)} |")
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Every setting."""
    lines = [NOTE, "# Settings\n", "In the environment or in `.env`; secrets also from the file named by `…_FILE`.\n"]
    lines += ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "(needed)" if field.is_required() else f"`{field.get_default(call_default_factory=True)}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def jobs(features: tuple[Feature, ...]) -> str:
    """Every scheduled job."""
    lines = [NOTE, "# Scheduled jobs\n", "| job | when | missed runs | does |", "|---|---|---|---|"]
    for job in sorted((job for feature in features for job in feature.jobs), key=lambda job: job.id):
        lines.append(f"| `{job.id}` | {job.rule} | {job.catch_up} | {job.summary} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
