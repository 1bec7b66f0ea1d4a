"""Greetings, thanks, "what can you do?" and mere signs, as people say them to whoever listens, all over Europe.

The rule it keeps: only what says nothing else is a courtesy; "thanks, and where is the library?" is a question.
"""

import re
from collections.abc import Sequence
from enum import Enum

from storage.search.words import fold


class Courtesy(Enum):
    """What was said."""

    HELLO = "hello"
    THANKS = "thanks"
    WHAT = "what"
    """What is this, and what can it do?"""
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
_WHAT = """
    what can you do, what can you do for me, what can i do here, what can i do, what can i ask you, what do you do,
    who are you, what are you, what is this, how does this work, how do you work, how do i use you, how do i use this,
    can you help me, could you help me, please help me, please help, help me, i need help, que peux tu faire,
    que pouvez vous faire, que fais tu, que faites vous, qui es tu, qui êtes vous, comment ça marche, aide, aide moi,
    aidez moi, peux tu m'aider, pouvez vous m'aider, j'ai besoin d'aide, hilfe, hilf mir, was kannst du, wer bist du,
    was machst du, wie geht das, kannst du mir helfen, aiuto, aiutami, che cosa sai fare, cosa sai fare, cosa puoi fare,
    chi sei, come funziona, ayuda, ayúdame, qué puedes hacer, quién eres, cómo funciona, ajuda, o que podes fazer,
    quem és, como funciona, pomoc, pomóż mi, pomocy, co potrafisz, kim jesteś, jak to działa, kdo jsi, co umíš,
    segítség, ki vagy, mit tudsz, apua, kuka olet, hjälp, vem är du, hjelp, hjælp, hvem er du, abi, kes sa oled,
    palīdzība, kas tu esi, pagalba, kas tu, ajutor, cine ești, pomoć, pomozi mi, tko si, ko si, pomagaj, βοήθεια,
    ποιος είσαι, помощ, кой си, помощь, кто ты, допомога, хто ти, yardım, sen kimsin, ndihmë, kush je, hulp,
    wie ben je, wat kun je
"""
_AROUND = """
    there all everybody everyone dear again so very much you a lot many indeed beaucoup à tous toutes bien sehr schön
    zusammen alle an tutti mille molto muchas a todos muito muito bardzo bot copp for your the help it now please bitte
"""
"""Words that add nothing to a courtesy."""
_MOST_WORDS = 8
_APART = re.compile(r"[^\w']+")


def courtesy_in(said: str) -> Courtesy | None:
    """The courtesy that a message is, None when it says anything else."""
    words = [word for word in _APART.split(fold(said).replace("’", "'")) if word]
    if not words:
        return Courtesy.SIGN if said.strip() else None
    return _courtesy(words) if len(words) <= _MOST_WORDS else None


def _courtesy(words: Sequence[str]) -> Courtesy | None:
    for known, kind in _KNOWN:
        begins, more = words[: len(known)] == known, words[len(known) :]
        if begins and _FILLING.issuperset(more):
            return kind
        if begins and kind is Courtesy.HELLO and _courtesy(more) is Courtesy.WHAT:
            return Courtesy.WHAT
    return None


def _known() -> list[tuple[list[str], Courtesy]]:
    """Every way to say one, the longest first."""
    every = ((_HELLO, Courtesy.HELLO), (_THANKS, Courtesy.THANKS), (_WHAT, Courtesy.WHAT))
    found = [(fold(said).split(), kind) for text, kind in every for said in " ".join(text.split()).split(", ")]
    return sorted(found, key=lambda one: -len(one[0]))


_KNOWN = _known()
_FILLING = frozenset(fold(_AROUND).split())
