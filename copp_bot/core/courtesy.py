"""Greetings, thanks and mere signs, as people say them to whoever listens, in the languages of Europe.

The rule it keeps: only what says nothing else is a courtesy; "thanks, and where is the library?" is a question.
"""

import re
from enum import Enum

from storage.search.words import fold


class Courtesy(Enum):
    """What was said."""

    HELLO = "hello"
    THANKS = "thanks"
    SIGN = "sign"
    """No word at all: a thumb, a smile, three dots."""


_HELLO = """
    hello, hi, hey, hiya, good morning, good afternoon, good evening, good day, greetings, bonjour, bonsoir, salut,
    coucou, hallo, guten tag, guten morgen, guten abend, servus, moin, grüezi, grüß gott, ciao, salve, buongiorno,
    buonasera, buon giorno, hola, buenos días, buenas tardes, buenas, olá, bom dia, boa tarde, boa noite, cześć,
    dzień dobry, witam, ahoj, dobrý den, dobrý deň, szia, sziasztok, jó napot, hei, moi, hej, god dag, tere, sveiki,
    labas, laba diena, bună, bună ziua, zdravo, bok, dobar dan, živjo, γεια, γεια σας, καλημέρα, здравейте, здрасти,
    привет, здравствуйте, привіт, добрий день, merhaba, selam, përshëndetje, mirëdita, barev, gamarjoba, salam, dia
    duit, kaixo, goedendag
"""
_THANKS = """
    thanks, thank you, thx, ty, cheers, merci, danke, dankeschön, danke schön, vielen dank, grazie, gracias, obrigado,
    obrigada, dziękuję, dzięki, děkuji, díky, ďakujem, köszönöm, köszi, kiitos, tack, takk, aitäh, paldies, ačiū,
    mulțumesc, hvala, ευχαριστώ, благодаря, спасибо, дякую, teşekkürler, teşekkür ederim, faleminderit, bedankt, dank u,
    dank je, mange tak, tusen takk, well done, great, perfect, super
"""
_AROUND = """
    there all everybody everyone dear again so very much you a lot many indeed beaucoup à tous toutes bien sehr schön
    zusammen alle an tutti mille molto muchas a todos muito muito bardzo bot copp for your the help it now
"""
"""Words that add nothing to a courtesy."""
_MOST_WORDS = 6
_APART = re.compile(r"[^\w']+")


def courtesy_in(said: str) -> Courtesy | None:
    """The courtesy that a message is, None when it says anything else."""
    words = [word for word in _APART.split(fold(said).replace("’", "'")) if word]
    if not words:
        return Courtesy.SIGN if said.strip() else None
    if len(words) > _MOST_WORDS:
        return None
    for known, kind in _KNOWN:
        if words[: len(known)] == known and _FILLING.issuperset(words[len(known) :]):
            return kind
    return None


def _known() -> list[tuple[list[str], Courtesy]]:
    """Every way to say one, the longest first."""
    both = ((_HELLO, Courtesy.HELLO), (_THANKS, Courtesy.THANKS))
    found = [(fold(said).split(), kind) for text, kind in both for said in " ".join(text.split()).split(", ")]
    return sorted(found, key=lambda one: -len(one[0]))


_KNOWN = _known()
_FILLING = frozenset(fold(_AROUND).split())
