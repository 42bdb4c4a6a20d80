"""Models that say how far two nodes agree, and what several classifiers believe together."""
