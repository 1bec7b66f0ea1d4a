"""Opens foreign bytes, in a process of its own that may do nothing else. ``child.py`` runs there, ``run.py`` here."""
