"""What holds for every test: no example is held to a clock, since a busy machine is no fault of the code."""

from hypothesis import settings

settings.register_profile("unhurried", settings.get_profile("default"), deadline=None)
if settings.get_current_profile_name() == "default":  # where CI is recognised, hypothesis has a profile for it
    settings.load_profile("unhurried")
