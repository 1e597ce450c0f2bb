"""Why a measurement has no result."""


class RunError(Exception):
    """A server or the generator did not do what was asked; the text says what happened."""


class SetupError(Exception):
    """Something has to be installed first; the text says how."""
