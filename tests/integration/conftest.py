"""Scripts that tests here run are no modules to look for doctests in."""

collect_ignore_glob = ["predecessor_*.py", "two_workers.py"]
