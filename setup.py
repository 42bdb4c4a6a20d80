"""Installs the package: `pip install .`, or `pip install -e '.[dev]'` to work on it."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

VERSION = re.search(r'^__version__ = "(.+)"$', (ROOT / "gnn/__init__.py").read_text(), re.M)[1]

PARQUET = ["pyarrow>=18.1"]
PARTITION = ["pymetis>=2025.2"]
PLOTS = ["matplotlib"]
# PySpark asks for pandas where Python functions take Arrow, and does not install it.
SPARK = [*PARQUET, "pandas>=2.2", "pyspark>=4.0"]
REPORT = ["plotly>=7.1"]
RETRIEVAL = ["faiss-cpu>=1.15"]
SERVE = [*RETRIEVAL, "aiohttp>=3.11"]
TUNE = ["optuna>=4.2"]
NOTEBOOKS = ["ipykernel", "matplotlib", "nbclient", "nbformat"]

setup(
    name="gnn",
    version=VERSION,
    description="Graph-structured learning for Keras 3.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    # Keras 3.15 asks for this Python.
    python_requires=">=3.11",
    packages=find_packages(include=["gnn", "gnn.*"]),
    package_data={"gnn": ["py.typed"]},
    install_requires=[
        "dm-sonnet>=2.0.2",
        "graph-nets>=1.1",
        "keras>=3.15",
        "neural-structured-learning>=1.4",
        "numpy>=2.0",
        "pyyaml>=6.0",
        "scikit-learn>=1.5",
        "scipy>=1.15",
        "tensorflow>=2.21",
        "tensorflow-datasets>=4.9.10",
        "threadpoolctl>=3.1",
        "tqdm>=4.66",
    ],
    extras_require={
        "parquet": PARQUET,
        "partition": PARTITION,
        "plots": PLOTS,
        "report": REPORT,
        "retrieval": RETRIEVAL,
        "serve": SERVE,
        "spark": SPARK,
        "tune": TUNE,
        "notebooks": NOTEBOOKS,
        "dev": [
            "build",
            "hypothesis",
            "mypy",
            "networkx",
            "pandas",
            "pytest>=8.3",
            "pytest-xdist",
            "ruff",
            "selenium>=4.30",
            "twine>=6.1",
            *sorted({*PARQUET, *PARTITION, *PLOTS, *REPORT, *SERVE, *TUNE, *NOTEBOOKS}),
        ],
    },
    entry_points={"console_scripts": ["gnn=gnn.cli.main:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
