"""What the help of the command says: what each subcommand is about, examples, notes."""

from __future__ import annotations

from gnn.runs.run_config import NETWORK_NAMES

ABOUT = {
    "datasets": "List the named data sets, and which of them are on this machine.",
    "info": "Describe a data set, a folder of data, a file of the field, a graph, or a run.",
    "convert": "Read a file or a folder in a format of the field, and write it as a graph.",
    "build-graph": "Build a graph out of a log, or of vectors, and write it to a folder.",
    "pack": "Write training records: nodes with the features of their neighbors, in shards.",
    "train": "Train a model on a graph, and write a run folder.",
    "tune": "Search for the setting that validates best, and train it.",
    "compare": "Compare settings over the seeds of each, on the same nodes.",
    "evaluate": "Measure a finished run: accuracy, classes, calibration, what the graph is worth.",
    "predict": "Write the class of each node, with the probability of every class.",
    "embed": "Write the activations of the last hidden layer for each node.",
    "export": "Write the model of a run for others to serve.",
    "report": "Write a page to look at a run: map, neighbors, curves, figures, settings.",
    "index": "Embed by a run, and write an index of the embeddings, which is searched and served.",
    "search": "Find the nearest items of an index, for new rows or for some of its items.",
    "serve": "Serve an index over HTTP, on this machine: /search, /embed and /health.",
    "adopt": "List the files of a folder that an older gnn wrote, so that it can be replaced.",
}

EXAMPLES = {
    "datasets": ["gnn datasets", "gnn datasets --json"],
    "info": [
        "gnn info --dataset cora",
        "gnn info --data shop",
        "gnn info --data shop --weighting npmi --max-neighbors 5",
        "gnn info karate.graphml",
        "gnn info clicks",
        "gnn info runs/cora-gcn",
    ],
    "convert": [
        "gnn convert karate.graphml karate",
        "gnn convert lesmis.gml lesmis --label group --json",
        "gnn convert edges.txt network --format snap --undirected --overwrite",
    ],
    "build-graph": [
        "gnn build-graph clicks.parquet --output clicks --weighting npmi --min-count 2",
        "gnn build-graph 'logs/*.csv' --output clicks --config graph.yaml --max-neighbors 10",
        "gnn build-graph log.jsonl --output clicks --item-column product --user-column customer "
        "--time-column at --session-gap 30min",
        "gnn build-graph --vectors embedding.npz --output alike --k 10 --keep-vectors",
    ],
    "pack": [
        "gnn pack --data shop --split train --output packed --max-neighbors 5 --shards 8",
        "gnn pack alike --output packed --compression GZIP --overwrite",
        "gnn pack --dataset cora --split train --output packed --json",
    ],
    "train": [
        "gnn train --dataset cora --model gcn",
        "gnn train --data shop --model graph-regularization --output runs/shop",
        "gnn train --data shop --model mlp --hidden-units 64 32 --dropout 0.5 --seed 1",
        "gnn train --data shop --model distilled --teacher sage --output runs/student",
        "gnn train --data shop --model graph-regularization --weighting npmi --min-count 3",
        "gnn train --data shop --model gcn --class-weight balanced --calibrate --no-baseline",
        "gnn train --config shop.yaml --epochs 50",
        "gnn train --output runs/shop --resume",
        "gnn train --data shop --model gcn --output runs/five --seeds 5",
        "gnn train --data shop --model gcn --output runs/folds --folds 5",
    ],
    "tune": [
        "gnn tune --dataset digits --model mlp --trials 30 --output runs/tuned",
        "gnn tune --data shop --model gcn --space space.yaml --seeds 3 --timeout 3600",
        "gnn tune --output runs/tuned --resume --trials 60",
    ],
    "compare": [
        "gnn compare runs/cora-gcn runs/cora-mlp",
        "gnn compare runs/five runs/tuned --html compared.html",
        "gnn compare runs/five runs/other --split validation --json",
    ],
    "evaluate": [
        "gnn evaluate runs/cora-gcn",
        "gnn evaluate runs/shop --split validation --json",
        "gnn evaluate runs/shop --data shop-of-june",
        "gnn evaluate runs/shop --plots plots --overwrite",
    ],
    "predict": [
        "gnn predict runs/shop --input new.csv",
        "gnn predict runs/shop --input new.parquet --output predictions.parquet",
        "gnn predict runs/cora-gcn --dataset cora --output predictions.csv",
    ],
    "embed": [
        "gnn embed runs/shop --output embedding.npz",
        "gnn embed runs/shop --input new.csv --output embedding.csv",
    ],
    "export": [
        "gnn export runs/shop --output served",
        "gnn export runs/shop --output model.keras --format keras",
    ],
    "report": [
        "gnn report runs/shop",
        "gnn report runs/shop --against runs/shop-mlp --output shop.html",
        "gnn report runs/shop --new new.csv --map pca --overwrite",
    ],
    "index": [
        "gnn index runs/shop --output shop-index",
        "gnn index runs/shop --output shop-index --data products.csv --method hnsw --overwrite",
    ],
    "search": [
        "gnn search shop-index --input new.csv",
        "gnn search shop-index --input new.csv --k 5 --output found.csv",
        "gnn search shop-index --ids p1 p2 --json",
    ],
    "serve": ["gnn serve shop-index", "gnn serve shop-index --port 9000 --max-waiting 16"],
    "adopt": ["gnn adopt runs/shop", "gnn adopt served --json"],
}

NOTES = {
    "train": """\
Options that are not given come from the recipe of the model and the data: for cora and citeseer the
settings that reach the figures of the documentation (pubmed takes the same), and else a general
one. Each option is also a key of the YAML or JSON file of --config, with underscores; flags win
over the file.

A data folder has a table of nodes (an id, a label, and columns of any type), and edges (source,
target, weight) or a log (session, item); labels may lie in a table of their own. Which is which
shows in their columns, and gnn info tells it. Edges out of a log are those that one of clicks wants
(--weighting auto), and are kept in the run.

While it trains, everything lies in OUTPUT.partial. A run that was stopped, by Ctrl-C or otherwise,
is carried on by --resume.

--seeds trains a run for each seed, and --folds one for each fold of cross-validation, in one folder
with the means. --resume carries that on too, and more --seeds add to it.""",
    "tune": """\
Options that are given are fixed; what is tried is a space of the model and its recipe, or that of
--space: an option's name to a list of values, or to low, high, and perhaps log or step. The choice
is by validation alone; the test split is looked at once, when the best setting is trained into
OUTPUT/best. OUTPUT/best.json is its file for gnn train --config.

A search that was stopped is carried on by --resume, and so is a finished one by more --trials. It
needs Optuna, the extra 'tune'.""",
    "compare": """\
Runs that differ in seed or fold alone are one setting. Each setting is compared with each other one
on the nodes and seeds that both have: by the exact McNemar test over nodes, and by the paired t
test over seeds. Runs on other data, or judged on other nodes, are refused.""",
    "report": """\
The page is one file of at most 30 MB, and needs no network. A click on a point of the map shows the
nodes nearest to it by either run. It needs Plotly, the extra 'report'.""",
    "evaluate": """\
Nodes of other data that the run was trained on, by their ids, are judged apart, as train. What the
figures mean is in docs/judging.md; --json has more of them, --plots draws them.""",
    "predict": f"""\
The columns are id, class, probability_CLASS, and filled: the columns in which a row had a gap.
Every row that is given is written. A graph network needs each node's neighbors: give it a folder
with nodes and edges. The other models take a table of nodes as well.
Graph networks are {", ".join(NETWORK_NAMES)}.""",
    "info": """\
PATH is told apart by its manifest, header and content: what gnn wrote, a folder of tables (as
--data), or one of the formats that gnn.datasets.read knows: docs/formats.md lists them.""",
    "convert": """\
The formats are those of gnn.datasets.read: docs/formats.md lists them, and how each is read. What
was merged and dropped is told, and kept in the graph for gnn info. The folder is there whole or not
at all; gnn.graphs.open_graph reads it, and so do gnn info and gnn pack.""",
    "build-graph": """\
A log is one or several files: Parquet, CSV or JSON lines (.jsonl, .ndjson; these two also .gz),
with a row a click or purchase. A pattern in quotes may match many. Every field of the configuration
is an option below, and a key of the YAML or JSON file of --config, with underscores; flags win over
the file, and none takes a limit back.

Vectors are the array of a .npy or .npz file, or the columns of numbers, or of lists, of a table.
The ids of the rows are its column id, or the array id. --keep-vectors makes them a feature, too.

The folder is there whole or not at all. It keeps the configuration and the report, which gnn info
shows, and gnn.graphs.open_graph reads it.""",
    "pack": """\
The records are read for training in Python, as batches of nodes and their neighbors:

  data = gnn.data.records.read_packed_neighbors("packed", batch_size=128, shuffle=True)
  model.fit(data, epochs=10)

The folder is there whole or not at all. A neighbor has a label only where it is in the split.""",
    "index": """\
The embedding is the last hidden layer, as of gnn embed. The folder holds the vectors and the
SavedModel of the run, which embeds new rows; of a graph network it does not, since these would need
neighbors. It is there whole or not at all. It needs FAISS, the extra 'retrieval'.""",
    "search": """\
The columns are query, rank, id and score, a row for each item that was found, the nearest first;
equally near ones come by their ids. An item of --ids is not found for itself.""",
    "serve": """\
Requests and answers are JSON: docs/search.md shows them. What is malformed or too large gets a 4xx
with a reason. There is no password and no encryption, so it listens at this machine alone unless
--host says otherwise. Ctrl-C or SIGTERM stops it. It needs aiohttp, the extra 'serve'.""",
    "adopt": """\
Every folder that gnn writes has a gnn_manifest.json of its files. --overwrite replaces no folder
without one, and none that holds anything else. FOLDER may be a run (finished or not), a graph,
records, an export, or the folder of a co-training or of ExactResume; it is read as such first.""",
}
