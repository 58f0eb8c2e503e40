"""Make `reference.npz`: what the tiny networks in `networks/` give in PyTorch, from a prompt to 48 kHz.

The pipeline is written here a second time, in PyTorch and from the reference's formulas. It shares nothing
with the one in numpy but the noise, which must be torch's. Run in the repository's root, with the extra
`export`:

    PYTHONPATH=plugins/lofi_acestep:. python tests/data/acestep/make_reference.py
"""

import json
import math
import tempfile
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from lofi_acestep.exporter.components import COMPONENTS
from lofi_acestep.exporter.conversion import Conversion
from tests.acestep.tiny_checkpoint import make_checkpoint, tokenizer

PROMPT = "lofi hip hop, calm piano, rain"
INSTRUMENTAL = [261, 259, 6688, 2]  # "[inst]" in ACE-Step's lyric tokens
SEED, FRAMES = 1234, 30
STEPS = (8, 27)
SCHEDULERS = ("euler", "heun", "pingpong")
GUIDANCE = {"apg": 15.0, "cfg": 7.0, "cfg_star": 7.0}
INTERVAL, OMEGA, TAU = 0.5, 10.0, 0.01
HEARD = (8, "euler", "apg", "erg")


@dataclass
class Conditions:
    """What the two branches attend to; the negative one is weakened where ERG is on."""

    context: torch.Tensor
    negative: torch.Tensor
    mask: torch.Tensor
    tau: float


class Networks:
    def __init__(self, checkpoint: Path) -> None:
        modules = {name: Conversion(checkpoint, component).loaded() for name, component in COMPONENTS.items()}
        self.text, self.encode = modules["text_encoder"], modules["transformer_encoder"]
        self.decode, self.dcae = modules["transformer_decoder"], modules["dcae_decoder"]
        self.vocoder = modules["vocoder"]

    def conditions(self, ids: list[int], *, erg: bool) -> Conditions:
        text_ids, lyric_ids = torch.tensor([ids]), torch.tensor([INSTRUMENTAL])
        text_mask, lyric_mask = torch.ones_like(text_ids), torch.ones_like(lyric_ids)
        speaker, tau = torch.zeros(1, 512), torch.tensor(TAU)
        text = self.text(text_ids, text_mask)
        context, mask = self.encode(text, text_mask, speaker, lyric_ids, lyric_mask)
        if erg:
            weak = self.text(text_ids, text_mask, tau)
            negative, _ = self.encode(weak, text_mask, speaker, lyric_ids, lyric_mask, tau)
        else:
            nothing = torch.zeros_like(text), text_mask, speaker, torch.zeros_like(lyric_ids), lyric_mask
            negative, _ = self.encode(*nothing)
        return Conditions(context, negative, mask, TAU if erg else 1.0)

    def velocity(
        self, x: torch.Tensor, time: torch.Tensor, context: torch.Tensor, mask: torch.Tensor, tau: float
    ) -> torch.Tensor:
        seen = torch.ones(x.shape[0], x.shape[3])
        return self.decode(x, seen, context, mask, time.expand(x.shape[0]), torch.tensor(tau))


def sigmas_of(steps: int) -> torch.Tensor:
    """Noise levels, the end included: shifted by 3, the smallest one twice."""

    def shifted(s):
        return 3 * s / (1 + 2 * s)

    lowest = float(np.float32(shifted(0.001)))
    levels = shifted(torch.linspace(1.0, lowest, steps, dtype=torch.float64)).float()
    return torch.cat((levels, torch.zeros(1)))


class Guide:
    """Turns two velocities into one."""

    def __init__(self, kind: str, steps: int) -> None:
        self.kind, self.scale = kind, GUIDANCE[kind]
        self.start, self.end = int(steps * (1 - INTERVAL) / 2), int(steps * (INTERVAL / 2 + 0.5))
        self.running = 0.0

    def __call__(self, cond: torch.Tensor, uncond: torch.Tensor, evaluation: int) -> torch.Tensor:
        if self.kind == "cfg":
            return uncond + self.scale * (cond - uncond)
        if self.kind == "cfg_star":
            if evaluation <= 1:
                return torch.zeros_like(cond)
            alpha = (cond * uncond).sum() / (uncond.square().sum() + 1e-8)
            return alpha * uncond + self.scale * (cond - alpha * uncond)
        difference = cond - uncond - 0.75 * self.running
        self.running = difference
        norm = difference.norm(dim=(-2, -1), keepdim=True)
        difference = difference * torch.clamp(2.5 / norm, max=1.0)
        direction = functional.normalize(cond.double().flatten(2), dim=-1, eps=1e-12).view_as(cond)
        along = (difference.double() * direction).sum(dim=(-2, -1), keepdim=True) * direction
        return cond + (self.scale - 1) * (difference.double() - along).float()


def sheared(change: torch.Tensor) -> torch.Tensor:
    """The deviations from the mean are scaled (omega)."""
    width = 0.9 + 0.2 / (1 + math.exp(-0.1 * OMEGA))
    mean = change.mean()
    return (change - mean) * width + mean


def sample(
    networks: Networks, conditions: Conditions, steps: int, scheduler: str, guidance: str
) -> torch.Tensor:
    generator = torch.Generator().manual_seed(SEED)
    shape = (1, 8, 16, FRAMES)
    x = torch.randn(shape, generator=generator)
    sigmas = sigmas_of(steps)
    guide = Guide(guidance, steps)
    evaluation = 0

    def velocity(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        nonlocal evaluation
        time = sigma[None] * 1000
        found = networks.velocity(x, time, conditions.context, conditions.mask, 1.0)
        if guide.start <= evaluation < guide.end:
            other = networks.velocity(x, time, conditions.negative, conditions.mask, conditions.tau)
            found = guide(found, other, evaluation)
        evaluation += 1
        return found

    for here, there in pairwise(sigmas):
        slope = velocity(x, here)
        if scheduler == "pingpong":
            fresh = torch.randn(shape, generator=generator)
            x = (1 - there) * (x - here * slope) + there * fresh
        elif scheduler == "heun" and there > 0:
            guess = x + sheared(slope * (there - here))
            x = x + sheared((slope + velocity(guess, there)) / 2 * (there - here))
        else:
            x = x + sheared(slope * (there - here))
    assert evaluation == (2 * steps - 1 if scheduler == "heun" else steps)
    return x


def resampled(wave: torch.Tensor) -> torch.Tensor:
    """44.1 → 48 kHz: a windowed sinc, as torchaudio's default: Hann, six zero crossings, rolloff 0.99."""
    old, new, crossings = 147, 160, 6
    cutoff = 0.99 * min(old, new)
    reach = math.ceil(crossings * old / cutoff)
    taps = torch.arange(-reach, reach + old, dtype=torch.float64) / old
    phases = torch.arange(new, dtype=torch.float64)[:, None] / new
    times = ((taps - phases) * cutoff).clamp(-crossings, crossings)
    kernels = torch.sinc(times) * torch.cos(times * math.pi / crossings / 2) ** 2 * cutoff / old
    padded = functional.pad(wave, (reach, reach + old))
    phases_first = functional.conv1d(padded[:, None], kernels.float()[:, None], stride=old)
    return phases_first.transpose(1, 2).flatten(1)[:, : math.ceil(wave.shape[1] * new / old)]


def main() -> None:
    torch.set_num_threads(1)
    arrays: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as directory, torch.inference_mode():
        networks = Networks(make_checkpoint(Path(directory)))
        ids = tokenizer().encode(PROMPT).ids
        modes = {mode: networks.conditions(ids, erg=mode == "erg") for mode in ("erg", "plain")}
        for mode, each in modes.items():
            arrays[f"context.{mode}.negative"] = each.negative.numpy()
        arrays |= {"context": modes["erg"].context.numpy(), "context.mask": modes["erg"].mask.numpy()}
        arrays["noise"] = torch.randn(
            (1, 8, 16, FRAMES), generator=torch.Generator().manual_seed(SEED)
        ).numpy()
        for steps, scheduler, guidance, mode in product(STEPS, SCHEDULERS, GUIDANCE, modes):
            x = sample(networks, modes[mode], steps, scheduler, guidance)
            arrays[f"latents.{steps}.{scheduler}.{guidance}.{mode}"] = x.numpy()
            print(steps, scheduler, guidance, mode, f"{x.abs().max():.2f}", flush=True)
        latents = torch.from_numpy(arrays[f"latents.{'.'.join(map(str, HEARD))}"])
        mel = networks.dcae(latents)
        waves = torch.cat([networks.vocoder(mel[:, channel])[:, 0] for channel in (0, 1)])
        arrays |= {"mel": mel.numpy(), "audio": resampled(waves).numpy()}
    config = {
        "prompt": PROMPT,
        "ids": ids,
        "lyric_ids": INSTRUMENTAL,
        "seed": SEED,
        "frames": FRAMES,
        "guidance": GUIDANCE,
        "interval": INTERVAL,
        "omega": OMEGA,
        "tau": TAU,
        "heard": HEARD,
        "torch": torch.__version__,
    }
    np.savez_compressed(
        Path(__file__).with_name("reference.npz"), config=np.array(json.dumps(config)), **arrays
    )


if __name__ == "__main__":
    main()
