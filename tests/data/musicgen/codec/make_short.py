"""Decode a few frames with transformers, where the padding of the first convolution is longer than the sound.

    python tests/data/musicgen/codec/make_short.py

Needs torch 2.13 and transformers 5.24; the tests need neither. Reads `../mono/`, writes `short.npz`: for each
padding mode and number of frames `MODE_T`, the samples [T · 640] of the first T frames of the reference's
`codes`.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import EncodecConfig, EncodecModel

HERE = Path(__file__).parent
MONO = HERE.parent / "mono"
FRAMES = {"reflect": (1, 2, 3, 4), "constant": (1, 5), "replicate": (1, 5)}


@torch.no_grad()
def main() -> None:
    config = json.loads((MONO / "config.json").read_text())["audio_encoder"]
    weights = load_file(MONO / "model.safetensors")
    with np.load(MONO / "reference.npz") as arrays:
        codes, whole = torch.from_numpy(arrays["codes"]), arrays["samples"]
    made = {}
    for mode, lengths in FRAMES.items():
        model = EncodecModel(EncodecConfig(**{**config, "pad_mode": mode})).eval()
        own = {
            name.removeprefix("audio_encoder."): tensor
            for name, tensor in weights.items()
            if name.startswith("audio_encoder.")
        }
        missing, unexpected = model.load_state_dict(own, strict=False)
        assert not unexpected
        assert all(name.startswith("encoder.") for name in missing)

        def decode(frames: int, model: EncodecModel = model) -> np.ndarray:
            return model.decode(codes[None, None, :, :frames], [None]).audio_values.numpy().reshape(-1)

        if mode == config["pad_mode"]:  # it is the network of the other reference
            np.testing.assert_allclose(decode(codes.shape[1]), whole, atol=1e-6)
        made |= {f"{mode}_{frames}": decode(frames) for frames in lengths}
    np.savez_compressed(HERE / "short.npz", **made)


if __name__ == "__main__":
    main()
