"""How jobs are run: the driver, its workers, and their signs of life."""
