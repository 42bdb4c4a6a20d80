"""Installs the wheel of a folder into a new environment, and sees whether it works there by itself.

    python .ci/try_wheel.py dist build/clean

The new environment borrows what the wheel needs from the one that runs this, but for `gnn` itself:
TensorFlow is not downloaded again.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Run there: the package comes from the wheel, what it needs is there, and it trains a step.
USE_IT = """
import importlib.metadata, pathlib, sys
home = pathlib.Path(sys.prefix).resolve()
for need in importlib.metadata.requires("gnn"):
    if "extra ==" not in need:
        importlib.metadata.version(need.partition(">")[0].strip())
import gnn, keras
assert home in pathlib.Path(gnn.__file__).resolve().parents, gnn.__file__
assert gnn.__version__ == importlib.metadata.version("gnn"), gnn.__version__
graph = gnn.Graph.from_edges([0, 1], [1, 0], [[1.0], [2.0]], labels=[0, 1], splits={"train": [0]})
model = gnn.GraphConvolutionalNodeClassifier(num_classes=2)
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(gnn.data.full_batch(graph, "train"), verbose=0)
print(f"gnn {gnn.__version__} trains from {home.name}")
"""


def main() -> None:
    """Says what is wrong and exits with 1, or says that it works."""
    dist, home = (Path(argument).resolve() for argument in sys.argv[1:])
    (wheel,) = dist.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = [*(ROOT / "gnn").rglob("*.py"), ROOT / "gnn" / "py.typed"]
    wanted = {path.relative_to(ROOT).as_posix() for path in sources}
    if held != wanted:
        sys.exit(
            f"{wheel.name} lacks {sorted(wanted - held)} and must not have {sorted(held - wanted)}"
        )
    venv.create(home, clear=True, with_pip=False)
    python = home / "bin" / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install, wheel], check=True)
    # A path file of a path file is not read: the editable `gnn` of the other environment stays out.
    borrowed = sysconfig.get_path("purelib")
    own = sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)})
    Path(own, "borrowed.pth").write_text(borrowed + "\n", encoding="utf-8")
    for command in ([home / "bin" / "gnn", "--version"], [python, "-I", "-c", USE_IT]):
        subprocess.run(command, cwd=home, check=True)


if __name__ == "__main__":
    main()
