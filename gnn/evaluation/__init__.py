"""How good outputs are, beyond what `evaluate` of Keras says."""

from gnn.evaluation.answers import softmax
from gnn.evaluation.calibration import Calibration, calibration
from gnn.evaluation.class_figures import ClassFigures, class_figures
from gnn.evaluation.confusion import confusion_matrix, most_confused
from gnn.evaluation.index_recall import index_recall
from gnn.evaluation.intervals import paired_difference, share_interval
from gnn.evaluation.judgement import Judgement, judge_answers
from gnn.evaluation.local_dimension import local_dimension
from gnn.evaluation.neighborhoods import neighbor_counts, neighbor_homophily
from gnn.evaluation.neighbors import nearest_neighbors, neighbor_accuracy
from gnn.evaluation.reconstruction import Reconstruction, graph_reconstruction
from gnn.evaluation.retrieval import RetrievalFigures, retrieval_figures
from gnn.evaluation.slices import Slice, accuracy_by_degree, accuracy_by_homophily
from gnn.evaluation.temperature import fit_temperature
from gnn.evaluation.triplets import triplet_accuracy

__all__ = [
    "Calibration",
    "ClassFigures",
    "Judgement",
    "Reconstruction",
    "RetrievalFigures",
    "Slice",
    "accuracy_by_degree",
    "accuracy_by_homophily",
    "calibration",
    "class_figures",
    "confusion_matrix",
    "fit_temperature",
    "graph_reconstruction",
    "index_recall",
    "judge_answers",
    "local_dimension",
    "most_confused",
    "nearest_neighbors",
    "neighbor_accuracy",
    "neighbor_counts",
    "neighbor_homophily",
    "paired_difference",
    "retrieval_figures",
    "share_interval",
    "softmax",
    "triplet_accuracy",
]
