"""What a search answers. Pure."""

from copp_bot.core.i18n import gettext as _
from copp_bot.core.kinds import SHARED_KINDS
from copp_bot.core.reply import Line, Option, Reply, bold, say, shorten
from copp_bot.core.words import for_readers_here, found_words, nothing_words
from copp_bot.features.search.service import Hit, Results

MORE = "➡️"


def render_results(results: Results, further: str | None, is_direct: bool) -> Reply:
    """At most five hits, numbered; a number shows one, and ``further`` is the command for the next ones."""
    if not results.hits:
        return for_readers_here(say(_nothing(results)), is_direct)
    head = found_words(results.total, results.query, results.filters)
    lines: list[Line] = [(head, " ", _("Reply with a number to see more of it:"))]
    lines += [_line(number, hit) for number, hit in enumerate(results.hits, 1)]
    reply = say(
        *lines,
        items=tuple(hit.id for hit in results.hits),
        choices=tuple(SHARED_KINDS[hit.kind].command(hit.number) for hit in results.hits),
        options=(Option(MORE, _("more"), further),) if further else (),
        once=False,
    )
    return for_readers_here(reply, is_direct)


def _nothing(results: Results) -> str:
    said = nothing_words(results.query, results.filters, results.without, results.suggestions)
    return said if results.without or results.suggestions else said + _(" Try fewer or other words.")


def _line(number: int, hit: Hit) -> Line:
    kind = SHARED_KINDS[hit.kind]
    by = _("by {name}").format(name=shorten(hit.author_name, 40))
    facts = ", ".join(fact for fact in (_(kind.word), hit.language, by) if fact)
    pieces = [bold(piece) if is_hit else piece for piece, is_hit in hit.extract]
    name = (bold(shorten(hit.title, 100)), f" ({kind.short_id(hit.number)})")
    return (f"{number}. ", *name, f" – {facts}", *((" – ", *pieces) if pieces else ()))
