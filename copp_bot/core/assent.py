"""Yes and no, as people say them: in the languages of Europe, or by a sign.

The rule it keeps: a word that says yes in one of these languages and no in another (``ne``, ``jo``) is not taken for a
yes; and what is often said by the way (``ok``) counts only where it plainly answers something.
"""

import re

from storage.search.words import fold

YES, NO = "✅", "❌"
_SKIN_TONES = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
"""What keyboards put behind a sign: the emoji presentation, and Fitzpatrick modifiers (Unicode TR 51)."""
_SIGNS = {YES: True, "👍": True, NO: False, "👎": False}
_YES = """
    yes yeah yep oui ouais ja jawohl sí sì sim da да tak так ano áno igen kyllä joo jah jā taip ναι evet po bai já iva
    bəli այո კი
"""
_NO = "no nope non nein nee não nu nie ne не нет nem ei nē όχι hayır nej nei ні ez xeyr ոչ არა"
_BY_THE_WAY = "ok okay d'accord sure certo einverstanden vale dobrze добре entendu volontiers gern"
_IN_WORDS = {fold(word): False for word in _NO.split()} | {fold(word): True for word in _YES.split()}
_LOOSELY = {fold(word): True for word in _BY_THE_WAY.split()}


def by_sign(key: str) -> bool | None:
    """Does a reaction say yes (True) or no (False)? None for any other."""
    return _SIGNS.get(_SKIN_TONES.sub("", key))


def in_words(said: str, *, is_reply: bool) -> bool | None:
    """Does a message say yes (True) or no (False)? None for anything else; ``ok`` only where it replies."""
    word = fold(said).replace("’", "'").strip(" \t\n.,;:!?¡¿…\"'«»“”")
    found = _IN_WORDS.get(word, _LOOSELY.get(word) if is_reply else None)
    return found if found is not None else by_sign(said.strip())
