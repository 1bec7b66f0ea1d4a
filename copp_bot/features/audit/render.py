"""The trail as sentences."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import Line, Part, Reply, clean, code, person, say, shorten
from copp_bot.core.words import ending, moment, role_words, scope_title
from copp_bot.features.audit.store import Entry, Someone

ACTIONS: Mapping[str, str] = {
    "role.granted": deferred("{actor} made {target} {role} in {scope}"),
    "role.revoked": deferred("{actor} took the role {role} in {scope} from {target}"),
    "role.laid_down": deferred("{actor} laid down the role {role} in {scope}"),
    "role.ended": deferred("the role {role} of {target} in {scope} came to its end"),
    "grants.restored": deferred("{actor} took the roles back from the stewards' room into a new database"),
    "group.asked": deferred("{actor} asked to join {scope}"),
    "group.accepted": deferred("{actor} accepted {target} into {scope}"),
    "group.declined": deferred("{actor} declined the request of {target} to join {scope}"),
    "group.invited": deferred("{actor} brought {target} into {scope}"),
    "group.left": deferred("{actor} left {scope}"),
    "rooms.applied": deferred("{actor} applied the declared rooms"),
    "rooms.brought": deferred("{actor} brought {target} into rooms of {scope}"),
    "rooms.removed": deferred("{actor} took {target} out of rooms of {scope}"),
    "rooms.kicked": deferred("{actor} put {target} out of a room of {scope}"),
    "rooms.banned": deferred("{actor} banned {target} from a room of {scope}"),
    "rooms.mended": deferred("{actor} set back what {target} had changed by hand in a room of {scope}"),
    "rooms.followed": deferred("{actor} followed a room that was replaced by a new one"),
    "group.opened": deferred("{actor} opened {scope}"),
    "group.closed": deferred("{actor} closed {scope}"),
    "group.reopened": deferred("{actor} opened {scope} again"),
    "meeting.move": deferred("{actor} moved a meeting that {target} had planned in {scope}"),
    "meeting.cancel": deferred("{actor} cancelled a meeting that {target} had planned in {scope}"),
    "meeting.withdraw": deferred("{actor} took away a meeting that {target} had planned in {scope}"),
    "journal.withdraw": deferred("{actor} took away an entry of {target}'s journal"),
    "homeserver.restored": deferred("{actor} went on with an older state of the homeserver that was brought back"),
    "rooms.restored": deferred("{actor} made the rooms as declared after that"),
    "database.restored": deferred("{actor} went on with an older database that was brought back"),
    "blog.publish": deferred("{actor} published a post in {scope}, or changed who may read it"),
    "blog.withdraw": deferred("{actor} withdrew a post of {target} in {scope}"),
    "comment.withdraw": deferred("{actor} deleted a comment of {target} in {scope}"),
    "library.audience": deferred("{actor} changed who may read something that {target} shared in {scope}"),
    "library.edit": deferred(
        "{actor} edited title, tags, language or licence of something that {target} shared in {scope}"
    ),
    "case.opened": deferred("a case was opened in {scope}"),
    "case.taken": deferred("{actor} looks after a case in {scope}"),
    "case.closed": deferred("{actor} closed a case in {scope}"),
    "duty.on": deferred("{actor} is on duty for {scope}"),
    "duty.off": deferred("{actor} is off duty for {scope}"),
    "web.signed_in": deferred("{actor} signed in to the web pages"),
    "library.withdraw": deferred("{actor} withdrew something that {target} shared in {scope}"),
}
"""What an action is in words; others are shown by their name and what they changed."""
LONGEST_DETAIL = 160
MOST_LINES = 20


def render_trail(entries: Sequence[Entry], rooms: RoomDirectory, zone: ZoneInfo, page: int, older: str) -> Reply:
    """The newest entries, for the direct chat; what happened alike several times in a row is one line.

    Args:
        page: twenty lines each, from 1.
        older: the command for the page after this one.
    """
    runs = [list(run) for _alike, run in groupby(entries, key=_alike)][(page - 1) * MOST_LINES :]
    if not runs:
        return say(_("There is nothing in the trail.") if page == 1 else _("There is nothing older."), private=True)
    reply = say(*(_line(run[0], len(run), rooms, zone) for run in runs[:MOST_LINES]), private=True)
    return reply.and_line(_("Older: "), code(older)) if len(runs) > MOST_LINES else reply


def _alike(entry: Entry) -> tuple[object, ...]:
    return (entry.action, entry.actor, entry.target, entry.scope, None if entry.action in ACTIONS else entry.at)


def _line(entry: Entry, times: int, rooms: RoomDirectory, zone: ZoneInfo) -> Line:
    pieces: dict[str, Part] = {
        "actor": _who(entry.actor) if entry.actor else _("the bot"),
        "target": _who(entry.target) if entry.target else _("nobody"),
        "scope": scope_title(rooms, entry.scope),
        "role": role_words(str(((entry.after or {}) | (entry.before or {})).get("role", ""))),
    }
    sentence = ACTIONS.get(entry.action)
    parts = _filled(_(sentence), pieces) if sentence else _generic(entry, pieces)
    often = _(" ({count} times)").format(count=times) if times > 1 else ""
    return (f"{moment(entry.at, zone)} · ", *parts, _until(entry, zone), often)


def _generic(entry: Entry, pieces: Mapping[str, Part]) -> list[Part]:
    """An action without a sentence of its own."""
    target: list[Part] = [" → ", pieces["target"]] if entry.target else []
    change = " → ".join(_fields(side) for side in (entry.before, entry.after) if side)
    detail = f": {shorten(change, LONGEST_DETAIL)}" if change else ""
    return [pieces["actor"], f" · {entry.action}", *target, f" · {pieces['scope']}{detail}"]


def _filled(sentence: str, pieces: Mapping[str, Part]) -> list[Part]:
    """The sentence with its ``{names}`` replaced by parts, in whatever order the translation puts them."""
    parts: list[Part] = []
    for piece in sentence.split("{"):
        name, closing, rest = piece.partition("}")
        parts += [pieces[name], rest] if closing else [piece]
    return parts


def _who(someone: Someone) -> Part:
    if someone.user_id is None:
        return _("someone since forgotten")
    return person(someone.user_id, someone.name)


def _until(entry: Entry, zone: ZoneInfo) -> str:
    until = (entry.after or {}).get("until") if entry.action == "role.granted" else None
    return ending(datetime.fromisoformat(until) if until else None, zone)


def _fields(change: Mapping[str, Any]) -> str:
    return ", ".join(f"{clean(str(name))}={clean(str(value))}" for name, value in change.items())
