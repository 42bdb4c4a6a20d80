"""Pictures of graphs, trainings, embeddings and figures, each on one Matplotlib axes.

Every function takes `ax=` to draw on and returns the axes it drew on. Without `ax` it makes a
figure by `matplotlib.pyplot`, so that a notebook shows it; close it when many are made. Nothing
else of pyplot is used: no `show`, no `rcParams`. An axes of `matplotlib.figure.Figure().subplots()`
needs no pyplot at all.

Matplotlib comes with the extra `plots` and is imported by the function that draws.
"""

from gnn.plots.calibration import calibration
from gnn.plots.confusion import confusion
from gnn.plots.degrees import degree_distribution
from gnn.plots.embedding import embedding
from gnn.plots.explanation import plot_explanation
from gnn.plots.history import history
from gnn.plots.homophily import homophily
from gnn.plots.neighborhood import neighborhood
from gnn.plots.query_sheet import query_sheet
from gnn.plots.slices import slices

__all__ = [
    "calibration",
    "confusion",
    "degree_distribution",
    "embedding",
    "history",
    "homophily",
    "neighborhood",
    "plot_explanation",
    "query_sheet",
    "slices",
]
