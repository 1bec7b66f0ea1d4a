"""The two kinds of error: a sentence for a person, and everything else."""


class UserError(Exception):
    """A sentence for the member, with what to do next; rolled back, answered, and not logged as an error.

    Args:
        private: the sentence tells what not everyone in the room may know; it goes to the direct chat.
        in_room: what is said instead where others read along.
    """

    def __init__(self, sentence: str, *, private: bool = False, in_room: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.private = private
        self.in_room = in_room or sentence


class NotFound(UserError):
    """There is no such thing, or the viewer may not know of it: both are answered alike."""


class SetupError(Exception):
    """Something the operator must mend; shown as one sentence without a traceback.

    Args:
        problem: what is wrong, in one sentence.
        remedy: what to do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy
