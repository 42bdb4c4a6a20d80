"""Scripts that tests here run are no modules to look for doctests in: both define absl's flags."""

collect_ignore_glob = ["predecessor_*.py"]
