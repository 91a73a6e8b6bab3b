# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima graph` and `keima export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from keima import FileFormatError, UnsupportedError
from keima.jit import Graph
from keima.profiler import measure_roofline, rows
from keima_cli import atomic
from keima_cli.console import Output
from keima_cli.errors import BrokenInputError, ExitCode, WrongUseError
from keima_deploy.graph.description import Layer, amount, ends, layers
from keima_deploy.graph.difference import differences
from keima_deploy.graph.drawing import graph_svg, plan_svg
from keima_deploy.graph.plan import MemoryPlan, bars, compiled, plan
from keima_deploy.profiling.measuring import document, profiled
from keima_deploy.profiling.subjects import graph_run
from keima_deploy.profiling.table import rows_table

FileArgument = Annotated[Path, typer.Argument(help="A graph file that trace.dump wrote.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SvgOption = Annotated[Path | None, typer.Option("--svg", help="Write a drawing to this file too.")]
TuneOption = Annotated[
    float,
    typer.Option("--tune", min=0, help="Measure for so many seconds which algorithm is fastest; keep what was picked."),
]

graph_app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show what a graph file holds and costs.")
export_app = typer.Typer(add_completion=False)


def read(path: Path) -> Graph:
    """The graph in a file; BrokenInputError says what is wrong with it."""
    try:
        return Graph.load(str(path))
    except FileFormatError as error:
        reason = str(error)
        raise BrokenInputError(reason if str(path) in reason else f"{path}: {reason}") from error


def _draw(path: Path | None, drawing: str) -> None:
    if path is not None:
        with atomic.open_atomic(path) as file:
            file.write(drawing.encode())


@graph_app.command()
def show(file: FileArgument, as_json: JsonOption = False, svg: SvgOption = None) -> None:
    """Print the nodes in the order in which they run."""
    graph = read(file)
    nodes = layers(graph)
    _draw(svg, graph_svg(graph))
    lines = [*ends(graph), *(layer.line() for layer in nodes)]
    document = {"inputs": graph.input_names, "outputs": graph.output_names, "nodes": [n.as_json() for n in nodes]}
    Output(as_json=as_json).result("\n".join(lines), document)


@graph_app.command()
def stats(
    file: FileArgument,
    as_json: JsonOption = False,
    tune: TuneOption = 0.0,
    time: Annotated[bool, typer.Option("--time", help="Run it too: the time of each step as compiled.")] = False,
    runs: Annotated[int, typer.Option(min=1, max=10000, help="Runs with --time, after one that is not counted.")] = 5,
) -> None:
    """Count operations and bytes, for each node and in all; the memory of a run; how convolutions are computed."""
    graph = read(file)
    nodes, memory = layers(graph), plan(compiled(graph, tune))
    totals = {
        "flops": sum(node.flops for node in nodes),
        "weights": sum(tensor.numpy().nbytes for tensor in graph.constants.values()),
        "arena_bytes": memory.arena_bytes,
        "arena_bound": memory.arena_bound,
    }
    algorithms = [
        {"step": step, "op": op, "algorithm": algorithm}
        for step, (op, algorithm) in enumerate(zip(memory.steps, memory.algorithms, strict=True))
        if algorithm
    ]
    counted = {"nodes": [node.as_json() for node in nodes], "algorithms": algorithms, **totals}
    table = _table(nodes, totals, _algorithm_line(memory))
    if not time:
        Output(as_json=as_json).result(table, counted)
        return
    recorded, roofline = profiled(graph_run(file), runs), measure_roofline()
    steps = sorted(rows(recorded, by="step"), key=lambda row: row.step)
    timed = rows_table(f"{recorded.seconds / runs * 1e3:.3g} ms a run", steps, runs, roofline)
    Output(as_json=as_json).result(
        Group(table, Text(timed)), {**counted, "measured": document(recorded, runs, steps, roofline)}
    )


def _algorithm_line(memory: MemoryPlan) -> str:
    """`algorithms by step: 0 direct, 2-5 winograd4` for the steps that have a choice."""
    runs: list[tuple[int, int, str]] = []
    for step, algorithm in enumerate(memory.algorithms):
        if algorithm and runs and runs[-1][1:] == (step - 1, algorithm):
            runs[-1] = (runs[-1][0], step, algorithm)
        elif algorithm:
            runs.append((step, step, algorithm))
    spans = (f"{first if first == last else f'{first}-{last}'} {algorithm}" for first, last, algorithm in runs)
    return f"algorithms by step: {', '.join(spans) or 'none to choose'}"


def _table(nodes: list[Layer], totals: dict[str, float], caption: str) -> Table:
    weights, arena = amount(totals["weights"], "B"), amount(totals["arena_bytes"], "B")
    table = Table(title=f"{amount(totals['flops'], 'FLOP')}, weights {weights}, arena {arena}", caption=caption)
    for heading in ("op", "result", "FLOP", "in", "out", "weights"):
        table.add_column(heading, justify="left" if heading in ("op", "result") else "right")
    for node in nodes:
        counts = (amount(node.flops), *(amount(count, "B") for count in (node.bytes_in, node.bytes_out, node.weights)))
        table.add_row(node.op, ", ".join(node.shapes), *counts)
    return table


@graph_app.command("plan")
def plan_command(file: FileArgument, as_json: JsonOption = False, svg: SvgOption = None) -> None:
    """Print how much of the arena is in use at each step of a run."""
    memory = plan(compiled(read(file)))
    _draw(svg, plan_svg(memory))
    head = (
        f"arena {memory.arena_bytes:,} bytes, at least {memory.arena_bound:,} are needed;"
        f" constants {memory.constants:,}, outputs {memory.outputs:,}"
    )
    Output(as_json=as_json).result("\n".join([head, *bars(memory)]), memory.as_json())


@graph_app.command()
def lower(
    file: FileArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The plan file to write.")],
    as_json: JsonOption = False,
) -> None:
    """Write the flat plan that the small executor (`keima-run`) runs."""
    program = compiled(read(file))
    pieces: list[bytes] = []
    try:
        program.lower(lambda piece: pieces.append(bytes(piece)))
    except UnsupportedError as error:
        raise BrokenInputError(f"{file}: {error}") from error
    with atomic.open_atomic(output) as out:
        out.writelines(pieces)
    size = sum(map(len, pieces))
    document = {"file": str(output), "bytes": size, "steps": len(program.steps)}
    Output(as_json=as_json).result(f"{output}: {size:,} bytes, {len(program.steps)} steps", document)


@graph_app.command()
def diff(old: FileArgument, new: FileArgument, as_json: JsonOption = False) -> None:
    """Print what differs between two graph files; exit status 1 if anything does."""
    lines = differences(read(old), read(new))
    Output(as_json=as_json).result("\n".join(lines) or "no difference", {"differences": lines})
    if lines:
        raise typer.Exit(int(ExitCode.FINDINGS))


@export_app.command()
def export(
    file: FileArgument,
    onnx: Annotated[Path | None, typer.Option("--onnx", help="Write an ONNX model (opset 20) to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a graph file in another format."""
    from keima_deploy.onnx import UnsupportedOpError, export_onnx

    if onnx is None:
        raise WrongUseError("nothing to write", hint="add --onnx FILE")
    graph = read(file)
    try:
        message = export_onnx(graph)
    except UnsupportedOpError as error:
        raise BrokenInputError(f"{file}: {error}") from error
    with atomic.open_atomic(onnx) as out:
        out.writelines(message)
    size = sum(map(len, message))
    Output(as_json=as_json).result(f"{onnx}: {size:,} bytes", {"file": str(onnx), "bytes": size, "opset": 20})
