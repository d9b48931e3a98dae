"""Time and memory of building a graph and running every attack-path rule over it.

    python benchmarks/graph_rules.py [NODES EDGES] [--networkx]

Rules: those in rules/ and those on docs/rule-language.md. ``--networkx`` also times plain reachability from the internet in networkx.
"""

import re
import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from aisposture.graph.labels import Bounds
from aisposture.graph.memory import MemoryStore
from aisposture.graph.search import search
from aisposture.rules.compile import compile_rule
from aisposture.rules.schema import load_files, rule_files
from aisposture.rules.words import Rule
from benchmarks.graph_estate import estate

ROOT = Path(__file__).parents[1]


def every_rule() -> list[Rule]:
    """The shipped path rules, and those of the page that are not shipped yet."""
    files = {file.stem: file for file in rule_files(ROOT / "rules" / "attack-paths")}
    with tempfile.TemporaryDirectory() as folder:
        page = (ROOT / "docs" / "rule-language.md").read_text()
        for block in re.findall(r"^```yaml\n(id:.*?)^```$", page, re.DOTALL | re.MULTILINE):
            name = block.splitlines()[0].removeprefix("id:").strip()
            if name not in files:
                files[name] = Path(folder) / f"{name}.yaml"
                files[name].write_text(block)
        return [rule for rule in load_files(files.values()) if rule.family == "path"]


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    sizes = [int(one) for one in sys.argv[1:] if one.isdigit()]
    nodes, edges = sizes or (100_000, 500_000)
    begin = perf_counter()
    graph = estate(nodes, edges)
    print(
        f"made {len(graph):,} nodes, {graph.edge_count:,} edges in {perf_counter() - begin:.1f} s, {peak():.0f} MiB"
    )
    begin = perf_counter()
    store = MemoryStore(graph)
    print(f"store {perf_counter() - begin:.2f} s, {len(store.groups):,} groups")
    total = 0.0
    for rule in every_rule():
        bounds = Bounds()
        begin, spun = perf_counter(), process_time()
        matches = search(store, compile_rule(rule), bounds=bounds)
        spent, used = perf_counter() - begin, process_time() - spun
        total += used
        print(
            f"{rule.id}  {spent:7.3f} s wall  {used:7.3f} s CPU  {len(matches):7,} matches  {' '.join(bounds.bit)}"
        )
    print(f"all rules {total:.2f} s CPU, peak {peak():.0f} MiB")
    if "--networkx" in sys.argv:
        import networkx as nx

        begin = perf_counter()
        other = graph.to_networkx()
        print(f"networkx: built in {perf_counter() - begin:.1f} s")
        begin = perf_counter()
        reached = nx.descendants(other, "class:internet")
        print(
            f"networkx: plain reachability {perf_counter() - begin:.2f} s, {len(reached):,} nodes, {peak():.0f} MiB"
        )


if __name__ == "__main__":
    main()
