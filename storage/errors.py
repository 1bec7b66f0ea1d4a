"""Why a database cannot be used. The words for people are made where people are spoken to."""


class Unusable(Exception):
    """The database cannot be used as it is."""


class BadAddress(Unusable):
    """This is no address of a database that we know."""


class DriverMissing(Unusable):
    """PostgreSQL is asked for, and psycopg is not installed."""


class Unsuitable(Unusable):
    """The server or the database was made in a way that cannot hold ours.

    Args:
        found: what it is, for example ``encoding LATIN1``.
        needed: what it must be.
    """

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(f"{found}, needed {needed}")
        self.found = found
        self.needed = needed


class TakenElsewhere(Unusable):
    """Another instance works with this database.

    Args:
        holder: the name that the other has given itself: machine and process.
    """

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder
