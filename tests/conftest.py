"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # a loaded one may take its time over an example
settings.load_profile("any machine")
