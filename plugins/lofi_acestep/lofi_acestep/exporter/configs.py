"""The `config.json` of each part of a checkpoint, as far as the networks depend on it."""

from __future__ import annotations

from msgspec import Struct, field


class LyricConfig(Struct, frozen=True, kw_only=True):
    """The lyric encoder. Official configs do not have it: its sizes stand in the official code.

    Attributes:
        longest: lyric tokens, the rows of the table of positions.
    """

    output_size: int = 1024
    attention_heads: int = 16
    linear_units: int = 4096
    num_blocks: int = 6
    longest: int = 5000


class TransformerConfig(Struct, frozen=True, kw_only=True):
    """`ace_step_transformer/config.json`; names are the official ones, less those without effect.

    Attributes:
        latent_channels: into the patch embedding; the official code does not read it from the config.
        patch_hidden: within it; neither.
        lyric_encoder: neither. All three are there for small models in tests.
        max_position: frames and context tokens, the rows of the table of positions.
    """

    num_layers: int = 24
    attention_head_dim: int = 128
    num_attention_heads: int = 20
    mlp_ratio: float = 2.5
    out_channels: int = 8
    max_position: int = 32768
    rope_theta: float = 1e6
    speaker_embedding_dim: int = 512
    text_embedding_dim: int = 768
    lyric_encoder_vocab_size: int = 6693
    lyric_hidden_size: int = 1024
    patch_size: tuple[int, int] = (16, 1)
    latent_channels: int = 8
    patch_hidden: int = 2048
    lyric_encoder: LyricConfig = field(default_factory=LyricConfig)

    @property
    def width(self) -> int:
        """D, of a token."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def hidden(self) -> int:
        """F, of the feed-forward."""
        return int(self.width * self.mlp_ratio)


class VocoderConfig(Struct, frozen=True, kw_only=True):
    """`music_vocoder/config.json`; names are the official ones.

    Attributes:
        num_mels: the backbone's width as the head takes it, not the mel bands (`n_mels`).
    """

    input_channels: int = 128
    depths: tuple[int, ...] = (3, 3, 9, 3)
    dims: tuple[int, ...] = (128, 256, 384, 512)
    kernel_sizes: tuple[int, ...] = (7,)
    upsample_rates: tuple[int, ...] = (4, 4, 2, 2, 2, 2, 2)
    upsample_kernel_sizes: tuple[int, ...] = (8, 8, 4, 4, 4, 4, 4)
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11, 13)
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5),) * 4
    num_mels: int = 512
    upsample_initial_channel: int = 1024
    pre_conv_kernel_size: int = 13
    post_conv_kernel_size: int = 13
    use_template: bool = False
