"""A backend with a real ONNX model: a tiny graph whose one run takes as long as the prompt's graph says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = 2**62


def save_loop(path: Path) -> None:
    """A graph that multiplies small matrices `turns` times: one run, interruptible between two nodes."""
    from onnx import TensorProto, helper, numpy_helper, save

    number, boolean, matrix = TensorProto.INT64, TensorProto.BOOL, TensorProto.FLOAT
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["x_in", "eye"], ["x_out"]),
            helper.make_node("Identity", ["go_in"], ["go_out"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", number, []),
            helper.make_tensor_value_info("go_in", boolean, []),
            helper.make_tensor_value_info("x_in", matrix, [8, 8]),
        ],
        [
            helper.make_tensor_value_info("go_out", boolean, []),
            helper.make_tensor_value_info("x_out", matrix, [8, 8]),
        ],
        [numpy_helper.from_array(np.eye(8, dtype="float32"), "eye")],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["turns", "go", "x"], ["y"], body=body)],
        "loop",
        [
            helper.make_tensor_value_info("turns", number, []),
            helper.make_tensor_value_info("x", matrix, [8, 8]),
        ],
        [helper.make_tensor_value_info("y", matrix, [8, 8])],
        [numpy_helper.from_array(np.array(True), "go")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


# `slow` begins an endless run; `quick` a short one. `hold_mb` of memory belong to each form of the model.
SOURCE = """
    import msgspec
    import numpy as np
    from lofi_core import BackendSpec, ModelFiles, Schedule, Stage, Step, hookimpl

    class Options(msgspec.Struct):
        form: str = "a"
        hold_mb: int = 0
        gate: str = ""
        turns: int = 3

    @hookimpl
    def describe_backend():
        return BackendSpec("NAME", "Real", 8000, 1, 1, 60, model_version="1", options=Options,
                           models=[ModelFiles("only", ["loop.onnx"])], own_process=OWN_PROCESS)

    @hookimpl
    def make_schedule(request):
        o = request.options
        return Schedule([Stage("walk", steps=3)], weights=f"{o.form} {o.hold_mb}")

    @hookimpl
    def load_model(model_dir, runtime, weights):
        runtime.report(0.25, "build")
        runtime.note("residency", runtime.residency or "nobody said")
        if weights.startswith("slow load"):
            while True:
                runtime.report(0.5, "build")
        if weights.startswith("unsure"):
            for fraction in (0.5, 0.1, 0.75, 0.2):
                runtime.report(fraction, "build")
        session = runtime.session(model_dir / "loop.onnx")
        return runtime, session, np.ones(int(weights.split()[-1]) * 250_000 , "float32")

    def run(model, turns):
        runtime, session, _ = model
        return runtime.run(session, {"turns": np.array(turns), "x": np.eye(8, dtype="float32")})[0]

    @hookimpl
    def generate(request, model):
        o = request.options
        gate = open(o.gate, "rb", buffering=0) if o.gate else None
        for index in range(3):
            if gate:
                gate.read(1)
            if o.form == "fails":
                raise RuntimeError("the form fails")
            if o.form == "talks":
                model[0].report(0.5, "walk")
            y = run(model, o.turns if index == 1 else 3)
            yield Step("walk", index, np.full((1, 8000), 0.5, "float32") * y[0, 0])

    @hookimpl
    def check_model(model_dir, runtime):
        runtime.session(model_dir / "loop.onnx")
        yield "loop.onnx opens"

    @hookimpl
    def export_model(source, target, layout, precision, runtime):
        runtime.report(0.5, "copy")
        (target / f"{layout}-{precision}.onnx").write_bytes((source / "loop.onnx").read_bytes())
        return [f"{layout}-{precision}.onnx is a copy"] if precision == "fast" else None
"""


def source(name: str, *, own_process: bool = False) -> str:
    """The module of a backend of that name."""
    return SOURCE.replace("NAME", name).replace("OWN_PROCESS", str(own_process))
