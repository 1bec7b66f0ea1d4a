"""The answers of blogs, and posts as members see them. Pure."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import deferred, ngettext
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.markdown import prose, words_of
from copp_bot.core.reply import (
    Line,
    Option,
    Part,
    Reply,
    bold,
    code,
    event_link,
    person,
    room_link,
    say,
    shorten,
    verbatim,
)
from copp_bot.core.words import audience_words, for_readers_here, found_words, moment, nothing_words
from copp_bot.features.blogs.finding import Comment, Pieces, Results, Shown
from copp_bot.features.blogs.store import Edit

IN_ROOM, IN_DIRECT = 5, 10
"""Lines of a list in a shared room, and in the direct chat."""
COMMENTS_IN_ROOM, COMMENTS_IN_DIRECT = 2, 10
MORE, PREVIEW, PUBLISH, YES = "➡️", "👀", "📰", "✅"
KEYCAP = "\ufe0f\u20e3"
NAME = 60
LEAD, LEAD_LINES = 400, 4
"""Characters and lines of a post that stand in the room; of a longer one the beginning does."""
EXCERPT = 200
MORE_OF_IT = deferred("Reply with a number to see more of it:")
_PARTS = {
    "title": deferred("title"),
    "text": deferred("text"),
    "tags": deferred("tags"),
    "language": deferred("language"),
}


def is_cut(source: str) -> bool:
    """Is it too long to stand in the room whole?"""
    return len(source) > LEAD or source.count("\n") >= LEAD_LINES


def render_published(shown: Shown) -> Reply:
    """The post in its room: the root of its thread. At most seven lines, so that a room stays one."""
    head: list[Line] = [(bold(shown.title),), (_("by "), person(shown.author, shown.author_name), _tags(shown))]
    if is_cut(shown.source):
        head += [(shorten(words_of(shown.source).replace("\n", " "), LEAD),), (_("The whole text is in the thread."),)]
    else:
        head.append((prose(shown.source),))
    foot = _("{id} · Your replies in the thread are its comments.").format(id=shown.number)
    return say(*head, (foot,), items=(shown.id,), notice=False)


def render_whole(shown: Shown) -> Reply:
    """The first message of the thread of a longer post."""
    return say((prose(shown.source),), items=(shown.id,), notice=False)


def render_reading() -> Reply:
    """It has been accepted and will be read."""
    return say(_("I am reading it, to make a draft of it. One moment."), private=True)


def render_no_draft(problem: str) -> Reply:
    """Why there is none."""
    return say(_("There is no draft. {problem}").format(problem=problem), private=True)


def render_draft(shown: Shown) -> Reply:
    """A draft is there; what comes next is one reaction away."""
    line: Line = (_("Your draft "), bold(shown.number), f": “{shown.title}”.", _tags(shown))
    return say(
        line,
        _("Nobody else can read it. What do you want to do?"),
        (code(f"!blog preview {shown.number}"), " · ", code(f"!blog publish {shown.number}")),
        options=_next(shown),
        once=False,
        asked=(shown.author,),
        items=(shown.id,),
        private=True,
    )


def render_preview(shown: Shown) -> Reply:
    """As members will see it."""
    lines: list[Line] = [
        (_("So it will look:"),),
        (bold(shown.title),),
        (_("by "), person(shown.author, shown.author_name), _tags(shown)),
        (prose(shown.source),),
    ]
    if is_cut(shown.source):
        lines.append((_("In the room its beginning will stand, and in the thread below the whole text."),))
    lines.append((code(f"!blog edit {shown.number}"), " · ", code(f"!blog publish {shown.number}")))
    options = _next(shown)[1:] if shown.is_draft else ()
    return say(*lines, options=options, once=False, asked=(shown.author,), items=(shown.id,), private=True)


def render_source(shown: Shown) -> Reply:
    """What it says now, to be copied and sent back."""
    return say(
        _("Copy it, change it, and send it like this (the title may be left out, and so may the text):"),
        (code(f"!blog edit {shown.number} {shown.title}"),),
        (verbatim(shown.source),),
        items=(shown.id,),
        private=True,
    )


def render_changed(shown: Shown, is_here: bool) -> Reply:
    """It has been changed, where it stands too."""
    where = "" if shown.is_draft else _(" Its readers see it as it is now.")
    line: Line = (bold(shown.number), _(" is changed: “{title}”.").format(title=shown.title), _tags(shown), where)
    return say(line, items=(shown.id,), private=not is_here)


def render_changed_as_written(number: str) -> Reply:
    """An edited command has changed it. By number alone: others may read along."""
    return say((_("I have changed {id} as you wrote. See it: ").format(id=number), code(f"!blog show {number}")))


def render_for_whom(shown: Shown, groups: Sequence[tuple[str, str]]) -> Reply:
    """In the direct chat nobody can know for whom it is."""
    command = f"blog publish {shown.number}"
    choices = [(f"{command} community", _("all members of the community"))]
    choices += [(f"{command} group group:{key}", title) for key, title in groups[:8]]
    return say(
        _("Who may read “{title}”? Choose below, or answer with the number.").format(title=shown.title),
        options=tuple(Option(f"{number}{KEYCAP}", words, said) for number, (said, words) in enumerate(choices, 1)),
        choices=tuple(said for said, _words in choices),
        asked=(shown.author,),
        items=(shown.id,),
        private=True,
    )


def render_sure(shown: Shown) -> Reply:
    """Public is for good: whoever saw it can keep it."""
    return say(
        _(
            "Shall “{title}” be public? Anybody could read and keep it, member or not, even if you withdraw it later."
        ).format(title=shown.title),
        options=(Option(YES, _("yes, public"), f"blog publish {shown.number} public yes"),),
        asked=(shown.author,),
        items=(shown.id,),
        private=True,
    )


def render_is_published(shown: Shown, rooms: RoomDirectory, is_here: bool, is_new: bool) -> Reply:
    """It is there, for these readers."""
    words = _("{id} “{title}” is published. {audience} may read it, and comment in its thread.")
    if not is_new:
        words = _("{id} “{title}” is published already. {audience} may read it.")
    audience = audience_words(rooms, shown.audience)
    said = words.format(id=shown.number, title=shown.title, audience=audience[:1].upper() + audience[1:])
    return say(said, items=(shown.id,), private=not is_here)


def render_withdrawn(number: str) -> Reply:
    """It is gone, without its title."""
    return say(
        _("{id} is withdrawn: it is no longer found, and my messages that showed it are taken back.").format(id=number)
    )


def render_post(shown: Shown, edits: Sequence[Edit], zone: ZoneInfo, is_direct: bool) -> Reply:
    """One post with its comments: whole in the direct chat, its beginning in a room."""
    facts = [_by(shown), _when(shown, zone), *([_changed(edits[0], zone)] if edits else [])]
    lines: list[Line] = [_name(shown), (" · ".join(facts), _tags(shown))]
    lines.append((prose(shown.source),) if is_direct else (_excerpt(shown),))
    if shown.publication is not None and shown.publication.event_id is not None:
        place = event_link(_("Read it where it stands"), shown.publication.room_id, shown.publication.event_id)
        lines.append((place,))
    if not shown.is_draft:
        lines += _comments(shown)
    return say(*lines, items=(shown.id, *(one.id for one in shown.comments)))


def render_history(shown: Shown, edits: Sequence[Edit], zone: ZoneInfo) -> Reply:
    """What was changed, and when; the earlier words are not kept."""
    lines: list[Line] = [_name(shown), (_by(shown), " · ", _when(shown, zone))]
    lines += [(_changed(edit, zone),) for edit in edits] or [(_("It has not been changed since."),)]
    return say(*lines, items=(shown.id,))


def render_list(shown: Sequence[Shown], further: str | None, *, is_direct: bool, may_write: bool) -> Reply:
    """The newest posts; ``further`` is the command for the next ones."""
    if not shown:
        invited: Line = (_(" Yours may be the first: "), code("!blog new")) if may_write else ()
        line: Line = (_("No post here yet."), *invited)
        return for_readers_here(say(line), is_direct)
    lines: list[Line] = [(_("Newest posts."), " ", _(MORE_OF_IT))]
    lines += [(f"{number}. ", *_name(one), f" – {_facts(one)}") for number, one in enumerate(shown, 1)]
    return for_readers_here(_listing(lines, shown, further), is_direct)


def render_results(results: Results, further: str | None, is_direct: bool) -> Reply:
    """At most five hits, numbered; a number shows one, and ``further`` is the command for the next ones."""
    if not results.hits:
        none = nothing_words(results.query, results.filters, results.without, results.suggestions)
        return for_readers_here(say(none), is_direct)
    lines: list[Line] = [(found_words(results.total, results.query), " ", _(MORE_OF_IT))]
    lines += [
        (f"{number}. ", *_name(hit), f" – {_facts(hit)}", *((" – ", *_pieces(hit.extract)) if hit.extract else ()))
        for number, hit in enumerate(results.hits, 1)
    ]
    return for_readers_here(_listing(lines, results.hits, further), is_direct)


def render_following(user: str) -> Reply:
    """The same whoever that is."""
    return say(
        _("I will tell you here when {user} publishes something that you may read.").format(user=user),
        (_("To stop: "), code(f"!blog unfollow {user}")),
        private=True,
    )


def render_unfollowed(user: str) -> Reply:
    """The same, whether they were followed or not."""
    return say(_("I do not tell you of new posts of {user} any more.").format(user=user), private=True)


def render_followed(people: Sequence[tuple[UserId, str]]) -> Reply:
    """Whom one follows."""
    if not people:
        return say((_("You follow nobody yet. For example: "), code("!blog follow @anna:example.org")), private=True)
    return say(_("You follow:"), *((person(user, name), f" ({user})") for user, name in people), private=True)


def render_making_space() -> Reply:
    """It takes a moment."""
    return say(_("I am making your own space, with a blog room in it. One moment."), private=True)


def render_space(space: RoomId, room: RoomId, server: str) -> Reply:
    """Where one's own space is, and what it is for."""
    return say(
        (room_link(_("Your own space"), space, server), " · ", room_link(_("your blog room"), room, server)),
        _("All members can come in. Your posts for all members stand in your blog room, and replies are comments."),
        private=True,
    )


def render_no_space(problem: str) -> Reply:
    """Why it is not there."""
    return say(_("Your own space could not be made. {problem}").format(problem=problem), private=True)


def render_announced(shown: Shown, room: RoomId, server: str) -> Reply:
    """In the room where everyone looks for posts; without the title, which may change."""
    line: Line = (
        person(shown.author, shown.author_name),
        _(" has published in "),
        room_link(_("their own blog room"), room, server),
        ": ",
        code(f"!blog show {shown.number}"),
    )
    return say(line, items=(shown.id,), notice=False)


def render_news(shown: Shown, follower: UserId) -> Reply:
    """To someone who follows the author."""
    line: Line = (
        person(shown.author, shown.author_name),
        _(" has published "),
        bold(shown.title),
        _(". Read it: "),
        code(f"!blog show {shown.number}"),
    )
    return say(line, items=(shown.id,), mentions=(follower,), notice=False)


def _listing(lines: Sequence[Line], shown: Sequence[Shown], further: str | None) -> Reply:
    return say(
        *lines,
        items=tuple(one.id for one in shown),
        choices=tuple(f"blog show {one.number}" for one in shown),
        options=(Option(MORE, _("more"), further),) if further else (),
        once=False,
    )


def _next(shown: Shown) -> tuple[Option, ...]:
    return (
        Option(PREVIEW, _("preview"), f"blog preview {shown.number}"),
        Option(PUBLISH, _("publish"), f"blog publish {shown.number}"),
    )


def _comments(shown: Shown) -> list[Line]:
    if not shown.comment_count:
        return [(_("No comments yet. Reply in its thread to comment."),)]
    head = ngettext("{count} comment:", "{count} comments, the last ones:", shown.comment_count)
    return [(head.format(count=shown.comment_count),), *(_comment(one) for one in shown.comments)]


def _comment(one: Comment) -> Line:
    return (bold(shorten(one.author_name, 40)), ": ", shorten(one.text, EXCERPT))


def _name(shown: Shown) -> tuple[Part, ...]:
    return (bold(shorten(shown.title, 100)), f" ({shown.number})")


def _facts(shown: Shown) -> str:
    said = ngettext("{count} comment", "{count} comments", shown.comment_count).format(count=shown.comment_count)
    kind = _("draft") if shown.is_draft else None
    facts = (kind, shown.language, _by(shown), said if shown.comment_count else None)
    return ", ".join(fact for fact in facts if fact)


def _by(shown: Shown) -> str:
    return _("by {name}").format(name=shorten(shown.author_name or shown.author, 40))


def _when(shown: Shown, zone: ZoneInfo) -> str:
    if shown.published_at is None:
        return _("draft of {when}").format(when=moment(shown.created_at, zone))
    return moment(shown.published_at, zone)


def _changed(edit: Edit, zone: ZoneInfo) -> str:
    parts = ", ".join(_(_PARTS[part]) for part in edit.changed.split())
    lines = _(" (lines: {added} new, {removed} gone)") if edit.added or edit.removed else ""
    words = _("changed {when}: {parts}").format(when=moment(edit.at, zone), parts=parts)
    return words + lines.format(added=edit.added, removed=edit.removed)


def _excerpt(shown: Shown) -> str:
    return shorten(words_of(shown.source).replace("\n", " "), EXCERPT)


def _tags(shown: Shown) -> str:
    return " " + " ".join(f"#{tag}" for tag in shown.tags) if shown.tags else ""


def _pieces(pieces: Pieces) -> Line:
    return tuple(bold(piece) if is_hit else piece for piece, is_hit in pieces)
