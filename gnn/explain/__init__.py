"""Which neighbors and features moved a prediction.

Both functions take a trained model, a graph and a node, and return an `Explanation`: a number for
each edge and each feature around the node. `gnn.plots.plot_explanation` draws one.

- `integrated_gradients` shares out the prediction over what entered it; what is for the class is
  positive, what is against it negative.
- `gnn_explainer` looks for the few edges and features that are enough for the prediction.

The model is any Keras model that takes a batch's inputs (`gnn.graphs.batch.graphs_tuple`) and
returns a row of logits for the node read out.
"""

from gnn.explain.explanation import EdgeAttribution, Explanation, FeatureAttribution
from gnn.explain.gnn_explainer import gnn_explainer
from gnn.explain.integrated_gradients import integrated_gradients

__all__ = [
    "EdgeAttribution",
    "Explanation",
    "FeatureAttribution",
    "gnn_explainer",
    "integrated_gradients",
]
