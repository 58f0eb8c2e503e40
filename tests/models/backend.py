"""A backend from elsewhere whose model files a test's server has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.models.server import ModelServer

# Two sizes, as backends have them; the larger one has a file that only people can put there.
SOURCE = """
    import numpy as np
    from lofi_core import BackendSpec, ModelFile, ModelFiles, Schedule, Stage, Step, hookimpl

    @hookimpl
    def describe_backend(variant):
        small = [
            ModelFile("weights.bin", SIZE, url="ADDRESS/small/weights.bin"),
            ModelFile("onnx/config.json", 2, url="ADDRESS/small/config.json"),
        ]
        large = [ModelFile("weights.bin", url="ADDRESS/large/weights.bin")]
        models = [
            ModelFiles("private", ["weights.bin", "key"]),
            ModelFiles("small", small, licence="CC-BY-NC 4.0"),
            ModelFiles("large", large),
        ]
        version = f"1-{variant}"
        return BackendSpec("hub", "From a hub", 8000, 1, 1, 60, version, licence="MIT", models=models)

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("all", 1)])

    @hookimpl
    def load_model(model_dir):
        weights = (model_dir / "weights.bin").read_bytes()
        if set(weights) != {ord("w")}:
            raise ValueError("these weights make no sense")
        return len(weights)

    @hookimpl
    def generate(request, model):
        tone = np.sin(np.arange(round(8000 * request.duration_sec)) * 0.1)
        yield Step("all", 0, 0.5 * tone[None])
"""

WEIGHTS = b"w" * 3_000_000


def put_model(server: ModelServer) -> str:
    """Serve the backend's files; its source."""
    server.put("small/weights.bin", WEIGHTS)
    server.put("small/config.json", b"{}")
    server.put("large/weights.bin", WEIGHTS * 2)
    return SOURCE.replace("ADDRESS", server.address).replace("SIZE", str(len(WEIGHTS)))
