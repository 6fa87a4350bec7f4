"""Parameters and FLOPs of two families of image models from their shapes: vision transformers (ViT) and NFNets."""

from dataclasses import dataclass

from analysis.trace import array, named

GROUP_SIZE = 128
"""Channels in a group of an NFNet's 3 x 3 convolutions. Source: [brock2021] section 4."""
STEM = (16, 32, 64)
"""Channels of the first three convolutions of an NFNet; the fourth has half the width of stage 1."""
STAGE_STRIDES = (1, 2, 2, 2)
TRAINING_PASSES = 3.0
"""FLOPs of a training step over those of its forward pass: the backward pass takes twice as many."""


@dataclass(frozen=True)
class VitShape:
    """A vision transformer: patches become tokens, and every layer is attention and an MLP with biases and two norms.

    pooling: "class token" (one token more), "attention" (a layer in which one learned query attends to all tokens, with an MLP) or
    "mean". n_classes: outputs of the last layer; 0 leaves it out.
    """

    patch_size: int
    d_model: int
    n_layers: int
    d_ff: int
    n_heads: int
    pooling: str = "class token"
    n_classes: int = 0

    def __post_init__(self):
        if self.pooling not in ("class token", "attention", "mean"):
            raise ValueError(f"pooling must be 'class token', 'attention' or 'mean', got {self.pooling!r}")
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads must divide d_model ({self.d_model}), got {self.n_heads}")


@dataclass(frozen=True)
class NfnetShape:
    """An NFNet: a stem, four stages of residual blocks with squeeze-and-excite, and a last 1 x 1 convolution.

    widths, depths: channels and blocks of each stage. n_classes: outputs of the last layer; 0 leaves it out.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    n_classes: int = 1000

    def __post_init__(self):
        if len(self.widths) != 4 or len(self.depths) != 4:
            raise ValueError(f"widths and depths must have four numbers each, got {self.widths!r} and {self.depths!r}")
        if any(width < 2 * GROUP_SIZE or width % 2 for width in self.widths):
            raise ValueError(f"widths must be even and at least {2 * GROUP_SIZE}, got {self.widths!r}")


@dataclass(frozen=True)
class Count:
    """n_params: learned parameters. multiply_adds: of matrix products and convolutions, one image forward; flops: two for each."""

    n_params: int
    multiply_adds: int

    @property
    def flops(self) -> int:
        """FLOPs of one forward pass."""
        return 2 * self.multiply_adds


def side(resolution: int, patch_size: int) -> int:
    """Patches along one side of an image; what does not fill a patch is cut off. ValueError for less than one patch."""
    if resolution < patch_size:
        raise ValueError(f"resolution must be at least one patch ({patch_size} pixels), got {resolution!r}")
    return resolution // patch_size


def count_vit(shape: VitShape, resolution: int) -> Count:
    """The Count of a vision transformer on images of resolution x resolution pixels.

    With d = d_model, f = d_ff, n = (resolution / patch)^2 patches, T = n + 1 tokens with a class token, else n:
    parameters = patches 3 p^2 d + d, positions T d, class token d, layers L (4 d^2 + 2 d f + 9 d + f), last norm 2 d;
    multiply-adds = n 3 p^2 d + L (T (4 d^2 + 2 d f) + 2 T^2 d). Attention pooling adds 4 d^2 + 2 d f + 8 d + f parameters and
    2 d^2 + 2 T d^2 + 2 T d + 2 d f multiply-adds. Norms, softmax and GELU are not counted as FLOPs.

    Exact for ViTModel and SiglipVisionModel of transformers, which the tests count on torch's meta device. Source: [dosovitskiy2020]
    section 3.1; attention pooling: [zhai2021] section 3.

    >>> count_vit(VitShape(16, 768, 12, 3072, 12), 224).n_params
    85798656
    """
    d, f, layers, n = shape.d_model, shape.d_ff, shape.n_layers, side(resolution, shape.patch_size) ** 2
    n = named(n, "n", "patches")
    patch = 3 * shape.patch_size**2 * d
    tokens = named(n + (shape.pooling == "class token"), "T", "tokens")
    params = patch + d + tokens * d + d * (shape.pooling == "class token") + layers * (4 * d * d + 2 * d * f + 9 * d + f) + 2 * d
    adds = n * patch + layers * (tokens * (4 * d * d + 2 * d * f) + 2 * tokens**2 * d)
    if shape.pooling == "attention":
        params += 4 * d * d + 2 * d * f + 8 * d + f
        adds += 2 * d * d + 2 * tokens * d * d + 2 * tokens * d + 2 * d * f
    return Count(params + shape.n_classes * (d + 1) * (shape.n_classes > 0), adds + shape.n_classes * d)


def count_nfnet(shape: NfnetShape, resolution: int) -> Count:
    """The Count of an NFNet on images of resolution x resolution pixels.

    A convolution with c inputs, k outputs, kernel q and g groups on an output of s x s points has k c q^2 / g weights with a gain
    and a bias for each output, and s^2 k c q^2 / g multiply-adds. A block of width w is 1 x 1 to v (the largest multiple of 128 up to
    w / 2), two 3 x 3 in groups of 128 channels (the first with the stride), 1 x 1 to w, a 1 x 1 shortcut where width or resolution
    change, squeeze-and-excite w to w / 2 to w, and one learned gain. The head is a 1 x 1 convolution to twice the last width, a mean
    and a linear layer.

    Agrees with every printed digit of parameters and multiply-adds of F0 to F6. Source: [brock2021] section 4, and the order of
    layers in [brock2021_code].

    >>> count = count_nfnet(NfnetShape((256, 512, 1536, 1536), (1, 2, 6, 3)), 256)
    >>> round(count.n_params / 1e6, 1), round(count.multiply_adds / 1e9, 2)
    (71.5, 12.38)
    """
    if resolution < 32:
        raise ValueError(f"resolution must be at least 32 pixels, got {resolution!r}")
    params = adds = 0

    def conv(inputs: int, outputs: int, kernel: int, points: int, groups: int = 1) -> None:
        nonlocal params, adds
        weights = outputs * (inputs // groups) * kernel**2
        params += weights + 2 * outputs
        adds += weights * points**2

    points, inputs = -(-resolution // 2), 3
    for channels in STEM:
        conv(inputs, channels, 3, points)
        inputs = channels
    points, channels = -(-points // 2), shape.widths[0] // 2
    conv(inputs, channels, 3, points)
    for width, depth, stage_stride in zip(shape.widths, shape.depths, STAGE_STRIDES, strict=True):
        for block in range(depth):
            stride, inner = stage_stride if block == 0 else 1, width // 2 // GROUP_SIZE * GROUP_SIZE
            conv(channels, inner, 1, points)
            points = -(-points // stride)
            conv(inner, inner, 3, points, inner // GROUP_SIZE)
            conv(inner, inner, 3, points, inner // GROUP_SIZE)
            conv(inner, width, 1, points)
            if stride > 1 or channels != width:
                conv(channels, width, 1, points)
            params += width * width + width // 2 + width + 1  # squeeze-and-excite, and the gain of the residual branch
            adds += width * width
            channels = width
    conv(channels, 2 * channels, 1, points)
    params += shape.n_classes * (2 * channels + 1)
    return Count(params, adds + shape.n_classes * 2 * channels)


def count(shape: VitShape | NfnetShape, resolution: int) -> Count:
    """The Count of either family."""
    return count_vit(shape, resolution) if isinstance(shape, VitShape) else count_nfnet(shape, resolution)


def shape_of(row) -> VitShape | NfnetShape:
    """The shape in a row (mapping) of the table `vit_shapes` or `nfnet_shapes`, without a last layer for classes."""
    if "patch_size" in row:
        return VitShape(**{name: row[name] for name in ("patch_size", "d_model", "n_layers", "d_ff", "n_heads", "pooling")})
    widths, depths = (tuple(int(row[f"{name}_{stage}"]) for stage in range(1, 5)) for name in ("width", "depth"))
    return NfnetShape(widths, depths, 0)


def training_flops_per_image(forward_flops):
    """FLOPs of training on one image: three times those of the forward pass; broadcasts."""
    return TRAINING_PASSES * array(forward_flops)
