"""What a user may ask of an export; needs nothing that is heavy."""

COMPONENTS = ("text_encoder", "transformer_encoder", "transformer_decoder", "dcae_decoder", "vocoder")
PRECISIONS = ("fp32", "fp16", "int8")
# What is in another precision then, as when that is made at load: UMT5 overflows in half precision, and the
# context encoder runs once a track. The other files stay in fp32.
CONVERTED = {
    "fp32": (),
    "fp16": ("transformer_decoder", "dcae_decoder", "vocoder"),
    "int8": ("text_encoder", "transformer_decoder"),
}
# 14 is the first with all that UMT5 takes; with 17 LayerNormalization is one node.
OPSETS = range(14, 19)
DEFAULT_OPSET = 17
