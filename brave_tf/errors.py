"""The one exception that a user is meant to read."""


class UserError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: what was received, what was expected, how to fix it. The command line prints it
    without a stack trace and exits with status 1.
    """


class UsageError(UserError):
    """A command line that lacks something; the exit status is 2."""
