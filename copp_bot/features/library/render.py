"""The library's answers. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import deferred, ngettext
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience
from copp_bot.core.media import has_slides, kind_name
from copp_bot.core.permissions import Viewer
from copp_bot.core.reply import Attachment, Line, Option, Part, Reply, bold, clean, code, link, say, shorten
from copp_bot.core.words import audience_words, for_readers_here, found_words, nothing_words, text_language
from copp_bot.features.library.finding import LINK, Pieces, Resource, Results
from copp_bot.features.library.questions import NAME
from copp_bot.features.library.service import Shelved

IN_ROOM = 5
"""Lines of a list in a shared room; with its heading, its choices and the last line that makes eight."""
IN_DIRECT = 10
MORE = "➡️"
MORE_OF_IT = deferred("Reply with a number to see more of it:")


def render_shelving(audience: str) -> Reply:
    """It has been accepted and will be read. Without its name, which must be nowhere once the file is redacted."""
    return say(_("I am reading it, to shelve it for {audience}. One moment.").format(audience=audience))


def render_not_shelved(problem: str) -> Reply:
    """It cannot be taken, and why; without its name, likewise."""
    return say(_("That is not on the shelf. {problem}").format(problem=problem))


def render_dismissed() -> Reply:
    """The question is taken away."""
    return say(_("All right, I do not shelve it."))


def render_shelved(shelved: Shelved, audience: str, author: Viewer) -> Reply:
    """It is on the shelf, or was already."""
    shown = shelved.resource
    if not shelved.is_new:
        line: Line = (_("That is on the shelf already, as "), bold(shown.number), _(": “{t}”.").format(t=shown.title))
        return say(line, (_("See it: "), code(f"!library show {shown.number}")), items=(shown.id,))
    facts = _about(shown)
    found = shown.note or (_("It is found by its words.") if shown.is_readable else _("It is found by its title."))
    reply = say(
        (_("Shelved as "), bold(shown.number), f": “{shown.title}” ({facts}). ", found),
        (
            _("{audience} may read it. To change that: ").format(audience=_capital(audience)),
            code(f"!library audience {shown.number} {_other(shown.audience, author)}"),
        ),
        items=(shown.id,),
    )
    return reply if shelved.other is None else _with_other(reply, shown, shelved.other)


def render_shelved_by_another(shown: Resource, shelver: str, audience: str) -> Reply:
    """To who posted the file: what became of it, and the way back."""
    return say(
        (
            _("{shelver} has shelved your file “{title}” in the library, as ").format(
                shelver=clean(shelver), title=shorten(shown.title, NAME)
            ),
            bold(shown.number),
            _(". {audience} may read it.").format(audience=_capital(audience)),
        ),
        (_("To take it off the shelf: "), code(f"!library withdraw {shown.number}")),
        items=(shown.id,),
    )


def render_withdrawn_by_another(number: str, actor: str) -> Reply:
    """To its author; the title is nowhere any more, here neither."""
    return say(
        _("{actor} has withdrawn {number}, which you had shelved: nobody finds it any more.").format(
            actor=clean(actor), number=number
        ),
        _("If you do not understand why, answer them, or write to those in charge: !support"),
    )


def render_edited_by_another(shown: Resource, actor: str) -> Reply:
    """To its author: what others say of it now."""
    return say(
        _("{actor} has changed what is said of {number}, which you had shelved. Now it is:").format(
            actor=clean(actor), number=shown.number
        ),
        (f"“{shorten(shown.title, NAME)}” ({_about(shown)}).", _tags(shown)),
        (_("To change that: "), code(f"!library edit {shown.number} {_('New title #tag')}")),
        items=(shown.id,),
    )


def render_audience_by_another(shown: Resource, actor: str, audience: str, author: Viewer) -> Reply:
    """To its author: others decided who reads it."""
    return say(
        _("{actor} has changed who may read “{title}” ({number}), which you had shelved: now {audience}.").format(
            actor=clean(actor), title=shorten(shown.title, NAME), number=shown.number, audience=audience
        ),
        (_("To change that: "), code(f"!library audience {shown.number} {_other(shown.audience, author)}")),
        items=(shown.id,),
    )


def _with_other(reply: Reply, shown: Resource, other: Resource) -> Reply:
    """The same is on another shelf: to keep both may be meant, or not."""
    line: Line = (
        _("The same is also there as "),
        bold(other.number),
        _(": “{title}”. If once is enough: ").format(title=shorten(other.title, NAME)),
        code(f"!library withdraw {shown.number}"),
    )
    return replace(reply, lines=(*reply.lines, line), items=(*reply.items, other.id))


def render_results(results: Results, further: str | None, is_direct: bool) -> Reply:
    """At most five hits, numbered; a number shows one, and ``further`` is the command for the next ones."""
    if not results.hits:
        return for_readers_here(_nothing_found(results), is_direct)
    lines: list[Line] = [(found_words(results.total, results.query), " ", _(MORE_OF_IT))]
    lines += [_hit_line(number, hit) for number, hit in enumerate(results.hits, 1)]
    return for_readers_here(_listing(lines, results.hits, further), is_direct)


def render_list(shown: Sequence[Resource], about: str, further: str | None, is_direct: bool) -> Reply:
    """The newest; ``about`` says which, ``further`` is the command for the next ones."""
    if not shown:
        empty = _("Nothing{about} is on the shelf here yet. It begins when someone shares a file or a link.")
        return for_readers_here(say(empty.format(about=about)), is_direct)
    lines: list[Line] = [(_("Newest in the library{about}.").format(about=about), " ", _(MORE_OF_IT))]
    lines += [(f"{number}. ", *_name(hit), f" – {_facts(hit)}") for number, hit in enumerate(shown, 1)]
    return for_readers_here(_listing(lines, shown, further), is_direct)


def render_near_tags(about: str, near: Sequence[str], is_direct: bool) -> Reply:
    """Nothing has these tags, and there are others much like them."""
    sentence = _("Nothing{about} is on the shelf here. Did you mean ").format(about=about)
    return for_readers_here(say((sentence, code(" ".join(f"#{tag}" for tag in near)), "?")), is_direct)


def render_tags(tags: Sequence[tuple[str, int]], *, is_direct: bool, may_add: bool) -> Reply:
    """Tags with their counts."""
    if not tags:
        invited: Line = (_(" Give some when you shelve: "), code("!library add #drama")) if may_add else ()
        return for_readers_here(say((_("No tags here yet."), *invited)), is_direct)
    line = _("Tags: ") + " · ".join(f"#{tag} {count}" for tag, count in tags)
    return for_readers_here(say(line, (_("See one: "), code(f"!library list #{tags[0][0]}"))), is_direct)


def render_resource(shown: Resource, rooms: RoomDirectory, zone: ZoneInfo, owner: Viewer | None) -> Reply:
    """All about one; with what its owner may do, where that is who asks."""
    by = _("by {name}, {date}").format(name=_author(shown), date=_date(shown.created_at, zone))
    lines: list[Line] = [
        (*_name(shown),),
        (" · ".join((*known_facts(shown), by)),),
        (_("For {audience}.").format(audience=audience_words(rooms, shown.audience)), _tags(shown)),
    ]
    if shown.extract:
        lines.append(_pieces(shown.extract))
    if shown.note:
        lines.append((shown.note,))
    lines.append((_("Have it: "), code(f"!library get {shown.number}"), *_for_owner(shown, owner)))
    return say(*lines, items=(shown.id,))


def render_file(shown: Resource, attachment: Attachment) -> Reply:
    """The file itself follows."""
    return say((*_name(shown), ":"), items=(shown.id,), attachment=attachment)


def render_link(shown: Resource, url: str) -> Reply:
    """The address."""
    return say((*_name(shown), ": ", link(url, url)), items=(shown.id,))


def render_audience(shown: Resource, audience: str, is_seen_here: bool) -> Reply:
    """It has been changed; said privately when those here may not read it any more."""
    sentence = _("{audience} may read {id} “{title}” from now on.")
    done = sentence.format(audience=_capital(audience), id=shown.number, title=shown.title)
    reply = say(done, items=(shown.id,))
    return reply if is_seen_here else reply.to_private()


def render_withdrawn(number: str) -> Reply:
    """It is gone, without its title."""
    return say(
        _("{id} is withdrawn: it is no longer found, and my messages that showed it are taken back.").format(id=number)
    )


def render_edited(shown: Resource) -> Reply:
    """How it is described now."""
    return say(
        (bold(shown.number), _(" is now "), f"“{shown.title}” ({_about(shown)}).", _tags(shown)),
        items=(shown.id,),
    )


def render_changed(number: str) -> Reply:
    """An edited command has changed it. By number alone: those who read along may not be its readers any more."""
    done = _("I have changed {id} as you wrote. See it: ").format(id=number)
    return say((done, code(f"!library show {number}")))


def language_words(code_: str | None) -> str:
    """A language's name as the surrounding text is written."""
    return str(Locale.parse(text_language()).languages.get(code_, code_)) if code_ else ""


def _nothing_found(results: Results) -> Reply:
    said = nothing_words(results.query, results.filters, results.without, results.suggestions)
    if results.without or results.suggestions:
        return say(said)
    return say((said, _(" Try fewer or other words, or see "), code("!library tags")))


def _listing(lines: Sequence[Line], shown: Sequence[Resource], further: str | None) -> Reply:
    return say(
        *lines,
        items=tuple(hit.id for hit in shown),
        choices=tuple(f"library show {hit.number}" for hit in shown),
        options=(Option(MORE, _("more"), further),) if further else (),
        once=False,
    )


def _hit_line(number: int, hit: Resource) -> Line:
    return (f"{number}. ", *_name(hit), f" – {_facts(hit)}", *((" – ", *_pieces(hit.extract)) if hit.extract else ()))


def _name(shown: Resource) -> tuple[Part, ...]:
    return (bold(shorten(shown.title, 100)), f" ({shown.number})")


def _facts(shown: Resource) -> str:
    by = _("by {name}").format(name=_author(shown))
    return ", ".join(filter(None, (_kind(shown), shown.language, shown.licence, by)))


def _about(shown: Resource) -> str:
    return ", ".join(known_facts(shown))


def known_facts(shown: Resource) -> tuple[str, ...]:
    """What it is, how long, in which language, under which licence; as far as known."""
    facts = (_kind(shown), _pages(shown), language_words(shown.language), shown.licence)
    return tuple(fact for fact in facts if fact)


def _kind(shown: Resource) -> str:
    return _("link") if shown.media_type == LINK else kind_name(shown.media_type)


def _pages(shown: Resource) -> str:
    if not shown.pages:
        return ""
    if has_slides(shown.media_type):
        return ngettext("{count} slide", "{count} slides", shown.pages).format(count=shown.pages)
    return ngettext("{count} page", "{count} pages", shown.pages).format(count=shown.pages)


def _author(shown: Resource) -> str:
    return shorten(shown.author_name or shown.author, 40)


def _tags(shown: Resource) -> str:
    return " " + " ".join(f"#{tag}" for tag in shown.tags) if shown.tags else ""


def _date(at: datetime, zone: ZoneInfo) -> str:
    return str(format_date(at.astimezone(zone), "d MMM y", locale=text_language()))


def _pieces(pieces: Pieces) -> Line:
    return tuple(bold(piece) if is_hit else piece for piece, is_hit in pieces)


def _for_owner(shown: Resource, owner: Viewer | None) -> tuple[Part, ...]:
    if owner is None:
        return ()
    change = f"!library audience {shown.number} {_other(shown.audience, owner)}"
    return (" · ", code(change), " · ", code(f"!library withdraw {shown.number}"))


def _other(audience: Audience, owner: Viewer) -> str:
    """Who else might read it; who is in no group can choose none."""
    if audience != "community":
        return "community"
    return "group" if owner.groups else "public"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
