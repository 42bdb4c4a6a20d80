"""The subcommands of search: flags, and what they call."""

from __future__ import annotations

import argparse
from typing import Any

from gnn.cli.results import Result, say
from gnn.runs.config_files import OptionError
from gnn.runs.data_options import DATASETS

# Of `gnn.RetrievalIndex.from_vectors`, where they are given.
_OPTIONS = ("metric", "method", "neighbors", "ef_construction", "ef_search")
_LIMITS = ("max_body", "max_rows", "max_k", "timeout", "max_waiting", "threads")


def add_index(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `gnn index`."""
    parser.add_argument("run", metavar="RUN", help="the folder of a finished run")
    parser.add_argument("--output", metavar="FOLDER", required=True, help="the index to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an older index")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--data",
        metavar="TABLE|FOLDER",
        help="what is to be found [the data that the run was trained on]",
    )
    source.add_argument("--dataset", choices=DATASETS, metavar="NAME", help="a named data set")
    group = parser.add_argument_group("how it is searched")
    group.add_argument(
        "--metric", choices=("cosine", "inner_product", "l2"), metavar="NAME", help="[cosine]"
    )
    group.add_argument(
        "--method",
        choices=("exact", "hnsw"),
        metavar="NAME",
        help="exact, or hnsw: by a graph of near vectors, for millions [exact]",
    )
    for name, about in (
        ("neighbors", "links of a vector in the graph [32]"),
        ("ef-construction", "candidates for these links [100]"),
        ("ef-search", "candidates of a search [64]"),
    ):
        group.add_argument(f"--{name}", type=int, metavar="N", help=about)
    group.add_argument(
        "--against-hubs",
        type=float,
        metavar="STRENGTH",
        help="inverse graph convolution of this strength, with ten neighbors, such as 1.0 [none]",
    )


def add_search(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `gnn search`."""
    parser.add_argument("index", metavar="INDEX", help="the folder of an index")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--input", metavar="TABLE", help="new rows: a .csv or .parquet file")
    what.add_argument("--ids", nargs="+", metavar="ID", help="items of the index")
    parser.add_argument("--k", type=int, default=10, metavar="N", help="items for each [10]")
    parser.add_argument(
        "--output", metavar="FILE", help="a .csv, .parquet or .json file [CSV on standard output]"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `gnn serve`."""
    parser.add_argument("index", metavar="INDEX", help="the folder of an index")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="[127.0.0.1, this machine alone]"
    )
    parser.add_argument("--port", type=int, default=8080, metavar="N", help="[8080]; 0: a free one")
    group = parser.add_argument_group("what it bears")
    group.add_argument("--max-body", type=int, metavar="BYTES", help="of a request [8 MiB]")
    group.add_argument("--max-rows", type=int, metavar="N", help="queries of a request [1024]")
    group.add_argument("--max-k", type=int, metavar="N", help="items for a query [1000]")
    group.add_argument("--timeout", type=float, metavar="SECONDS", help="of a request [30]")
    group.add_argument("--max-waiting", type=int, metavar="N", help="requests at a time [64]")
    group.add_argument("--threads", type=int, metavar="N", help="that work at a time [2]")


def index(arguments: argparse.Namespace) -> Result:
    """Writes the index of a run."""
    from gnn.runs.indexing import index_run
    from gnn.runs.run import load_run

    options = _given(arguments, _OPTIONS)
    if arguments.against_hubs is not None:
        from gnn.retrieval.hubs import InverseGraphConvolution

        options["transform"] = InverseGraphConvolution(arguments.against_hubs, neighbors=10)
    found = index_run(
        load_run(arguments.run),
        arguments.output,
        data=arguments.data,
        dataset=arguments.dataset,
        overwrite=arguments.overwrite,
        progress=True,
        **options,
    )
    recall = None if found.recall is None else found.recall.mean
    data = {"output": arguments.output, "items": len(found), "recall": recall}
    return Result(data, f"wrote {arguments.output}\n{found.info()}")


def search(arguments: argparse.Namespace) -> Result:
    """Searches an index."""
    from gnn.runs.served_index import open_index, search_table
    from gnn.runs.tables import as_csv, as_records, check_output, write_table

    if arguments.output is not None:
        check_output(arguments.output, [".csv", ".parquet", ".json"], arguments.overwrite)
    served = open_index(arguments.index)
    if arguments.input is not None:
        queries, found = served.search_table(arguments.input, arguments.k)
    else:
        queries = served.ids_of(arguments.ids)
        found = served.index.search_ids(queries, arguments.k)
    columns = search_table(queries, found)
    if arguments.output is None:
        return Result(as_records(columns), as_csv(columns).rstrip("\n"))
    write_table(columns, arguments.output, overwrite=arguments.overwrite)
    data = {"output": arguments.output, "queries": len(queries), "hits": len(columns["id"])}
    text = f"wrote {len(columns['id'])} hits of {len(queries)} queries to {arguments.output}"
    return Result(data, text)


def serve(arguments: argparse.Namespace) -> Result:
    """Serves an index."""
    from gnn.runs.service import serve_index
    from gnn.runs.service_requests import Limits

    try:
        limits = Limits(**_given(arguments, _LIMITS))
    except ValueError as error:
        raise OptionError(str(error)) from error
    serve_index(arguments.index, arguments.host, arguments.port, limits=limits, report=say)
    return Result({"index": arguments.index}, "stopped")


def _given(arguments: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}
