"""What pytest leaves alone here."""

collect_ignore = ["run.py"]  # needs atheris, which only `make fuzz` installs
