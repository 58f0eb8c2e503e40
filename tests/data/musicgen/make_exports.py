"""Export `mono/` with optimum, as the files lie on model hubs: exporter and loader must not test each other.

    python tests/data/musicgen/make_exports.py

Needs an environment of its own: torch 2.13, optimum-onnx 0.1.0, which pins transformers 4.57.6. Writes
`exported/`: `text_encoder.onnx`, `encodec_decode.onnx`, `decoder_model.onnx`, `decoder_with_past_model.onnx`,
and the latter two as `decoder_model_merged.onnx`. optimum cannot export stereo models.
"""

import shutil
from pathlib import Path

from optimum.exporters.onnx import main_export
from optimum.onnx import merge_decoders

HERE = Path(__file__).parent
SOURCE, TARGET = HERE / "mono", HERE / "exported"
KEPT = {
    "config.json", "tokenizer.json", "text_encoder.onnx", "encodec_decode.onnx",
    "decoder_model.onnx", "decoder_with_past_model.onnx", "decoder_model_merged.onnx",
}  # fmt: skip

shutil.rmtree(TARGET, ignore_errors=True)
main_export(str(SOURCE), TARGET, task="text-to-audio", opset=17, local_files_only=True)
merge_decoders(
    TARGET / "decoder_model.onnx",
    TARGET / "decoder_with_past_model.onnx",
    save_path=TARGET / "decoder_model_merged.onnx",
    strict=False,
)
shutil.copy(SOURCE / "tokenizer.json", TARGET)
for file in TARGET.iterdir():
    if file.name not in KEPT:
        file.unlink()
