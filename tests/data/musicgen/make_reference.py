"""Make the small random MusicGen checkpoints of the tests, and what transformers computes with them.

    python tests/data/musicgen/make_reference.py

Needs torch 2.13 and transformers 5.24; the tests need neither. Writes `mono/` (2 layers, 4 codebooks) and
`stereo/` (4 layers, 8 codebooks) in the layout of facebook/musicgen-*, and in each `reference.npz`:

- `tokens` [L]; `hidden` [1, L, d_text]: T5's last hidden state;
- `ids` [K, S], `logits` [2, K, S, V]: teacher-forced decoder, row 0 conditional, row 1 unconditional;
- `greedy` [K, T]: codes of `generate(do_sample=False, guidance_scale=3)`;
- `codes` [4, F], `samples` [F · 640]: EnCodec, whole.
"""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import EncodecConfig, MusicgenConfig, MusicgenForConditionalGeneration, T5Config
from transformers.models.musicgen import MusicgenDecoderConfig

HERE = Path(__file__).parent
PROMPT = "lofi jazz, rain"
VOCAB, GREEDY_STEPS, TEACHER_COLUMNS, CODEC_FRAMES = 64, 204, 40, 90


def make_config(layers: int, codebooks: int, channels: int) -> MusicgenConfig:
    text = T5Config(vocab_size=128, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    codec = EncodecConfig(
        target_bandwidths=[2.2], sampling_rate=32_000, audio_channels=1, hidden_size=16, num_filters=2,
        upsampling_ratios=[8, 5, 4, 4], use_causal_conv=False, codebook_size=VOCAB, use_conv_shortcut=False,
    )  # fmt: skip
    decoder = MusicgenDecoderConfig(
        vocab_size=VOCAB, max_position_embeddings=512, num_hidden_layers=layers, ffn_dim=128,
        num_attention_heads=2, hidden_size=64, num_codebooks=codebooks, audio_channels=channels,
        pad_token_id=VOCAB, bos_token_id=VOCAB,
    )  # fmt: skip
    return MusicgenConfig(
        text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict()
    )


def make_tokenizer(file: Path) -> Tokenizer:
    letters = [(letter, -3.0) for letter in "abcdefghijklmnopqrstuvwxyz0123456789,.-!?"]
    words = [("▁lofi", -4.0), ("▁piano", -4.0), ("▁rain", -4.0), ("ing", -4.0), ("jazz", -4.0)]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *letters, *words]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.save(str(file))
    return tokenizer


@torch.no_grad()
def reference(model: MusicgenForConditionalGeneration, tokens: list[int]) -> dict[str, np.ndarray]:
    codebooks = model.config.decoder.num_codebooks
    input_ids = torch.tensor([tokens])
    hidden = model.text_encoder(input_ids).last_hidden_state
    projected = model.enc_to_dec_proj(hidden)
    ids = torch.randint(0, VOCAB, (codebooks, TEACHER_COLUMNS))
    ids[:, 0] = VOCAB
    mask = torch.ones(1, len(tokens))
    logits = model.decoder(
        input_ids=torch.cat([ids, ids]),
        encoder_hidden_states=torch.cat([projected, torch.zeros_like(projected)]),
        encoder_attention_mask=torch.cat([mask, torch.zeros_like(mask)]).long(),
    ).logits.reshape(2, codebooks, TEACHER_COLUMNS, VOCAB)

    decoded: list[torch.Tensor] = []
    decode = model.audio_encoder.decode

    def listening(codes, *rest, **more):
        decoded.append(codes[0, 0])
        return decode(codes, *rest, **more)

    model.audio_encoder.decode = listening
    options = {"do_sample": False, "guidance_scale": 3.0, "max_new_tokens": GREEDY_STEPS}
    model.generate(input_ids, attention_mask=mask.long(), **options)
    model.audio_encoder.decode = decode
    # A stereo model decodes its channels one after the other: left, right.
    greedy = torch.stack(decoded, 1).flatten(0, 1)
    codes = torch.randint(0, VOCAB, (4, CODEC_FRAMES))
    samples = decode(codes[None, None], [None]).audio_values
    return {
        "tokens": np.array(tokens), "hidden": hidden.numpy(), "ids": ids.numpy(), "logits": logits.numpy(),
        "greedy": greedy.numpy(), "codes": codes.numpy(), "samples": samples.numpy().reshape(-1),
    }  # fmt: skip


def make(name: str, layers: int, codebooks: int, channels: int) -> None:
    torch.manual_seed(layers)
    model = MusicgenForConditionalGeneration(make_config(layers, codebooks, channels)).eval()
    with torch.no_grad():
        for parameter, values in model.named_parameters():
            if parameter.startswith("decoder") and values.ndim == 2:
                values.mul_(6.0)  # else all logits are alike
        # transformers begins with codebooks of zeros, with which all codes sound alike.
        chance = torch.Generator().manual_seed(layers)
        for layer in model.audio_encoder.quantizer.layers:
            layer.codebook.embed.normal_(generator=chance)
    model.generation_config.update(
        pad_token_id=VOCAB, bos_token_id=VOCAB, decoder_start_token_id=VOCAB, max_length=1500
    )
    directory = HERE / name
    # The encoder of EnCodec is of no use to us.
    kept = {key: value for key, value in model.state_dict().items() if "audio_encoder.encoder" not in key}
    model.save_pretrained(directory, state_dict=kept)
    tokenizer = make_tokenizer(directory / "tokenizer.json")
    np.savez_compressed(directory / "reference.npz", **reference(model, tokenizer.encode(PROMPT).ids))


make("mono", layers=2, codebooks=4, channels=1)
make("stereo", layers=4, codebooks=8, channels=2)
