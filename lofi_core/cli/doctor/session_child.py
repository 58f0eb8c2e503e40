"""Run the smallest model with ONNX Runtime, in a process that may not survive it."""

from __future__ import annotations

import json
import os
import sys

# One node, `y = Identity(x)`, of one float; opset 13. tests/cli/test_cli_doctor.py makes the same with onnx.
IDENTITY = bytes.fromhex(
    "08073a370a100a017812017922084964656e746974791201675a0f0a0178120a0a08080112040a020801"
    "620f0a0179120a0a08080112040a02080142040a00100d"
)


def main() -> None:
    """Answer the task on standard input with one document on standard output."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print
    providers = json.load(sys.stdin)["providers"]
    try:
        answer = {"used": _used(providers)}
    except Exception as error:  # noqa: BLE001 - its exceptions have no common base
        answer = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
    os._exit(0)  # some builds crash when they are taken down


def _used(providers: list[str]) -> str:
    from lofi_core.device import be_private

    be_private()
    import numpy as np
    import onnxruntime

    if len(providers) > 1 and hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(IDENTITY, options, providers=providers)
    result = session.run(None, {"x": np.ones(1, np.float32)})[0]
    if result[0] != 1.0:
        raise ValueError(f"Identity of 1 is {result[0]}")
    return str(session.get_providers()[0])


if __name__ == "__main__":
    main()
