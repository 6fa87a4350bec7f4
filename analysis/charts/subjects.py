"""The kinds of parameter that name a thing: a model, or a GPU."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from analysis import gpus
from analysis.charts.parameters import Earlier, Kind
from analysis.transformer import model as models
from analysis.transformer.model import Model


@dataclass(frozen=True)
class ModelKind(Kind):
    """A model: published, from the reader's configuration, or from the hub.

    among: function that names the keys to pick from; all models whose architecture is public if None. tried: keys with which a figure is
    tried out.

    >>> ModelKind("Model").read("mistral-7b", {}).name
    'Mistral 7B'
    """

    among: Callable[[], list[str]] | None = None
    tried: tuple[str, ...] = ("gpt-2-124m", "llama-2-70b", "mixtral-8x7b", "deepseek-v3")
    kind: ClassVar[str] = "model"

    def labels(self) -> Mapping[str, str]:
        """Name of each published model to pick from, by key."""
        known = models.known()
        return known if self.among is None else {key: known[key] for key in self.among()}

    def read(self, value: Any, earlier: Earlier) -> Model:
        """The model, from itself, its key or its name; ValueError for one that is not known."""
        if isinstance(value, Model):
            return value
        key = models.slug(str(value))
        if key == models.OWN or str(value).startswith(models.HUB):
            raise ValueError(f"{self.label} must be a published one here: a configuration of your own is not part of a link")
        if key not in self.labels():
            raise ValueError(f"{self.label} must be one of {', '.join(list(self.labels())[:8])}, ..., got {str(value)[:40]!r}")
        return models.published(key)

    def key(self, value: Model) -> str:
        """The model's key."""
        return value.key

    def shown(self, value: Model, earlier: Earlier) -> str:
        """The model's name."""
        return value.name

    def trials(self, earlier: Earlier) -> list[Model]:
        """A small, a large and a mixed one, of those to pick from."""
        labels = self.labels()
        tried = [key for key in self.tried if key in labels] or list(labels)[:2]
        return [models.published(key) for key in dict.fromkeys([*tried, list(labels)[-1]])]

    def described(self, earlier: Earlier) -> dict[str, Any]:
        """With the models to pick from."""
        return super().described(earlier) | {"options": dict(self.labels())}


@dataclass(frozen=True)
class GpuKind(Kind):
    """A GPU: one of the table, or the reader's own.

    >>> GpuKind("GPU").read("l40s", {}).label
    'L40S'
    """

    kind: ClassVar[str] = "gpu"

    def read(self, value: Any, earlier: Earlier) -> gpus.Gpu:
        """The GPU, from itself or its key; ValueError for one that is not known."""
        return value if isinstance(value, gpus.Gpu) else gpus.gpu(str(value))

    def key(self, value: gpus.Gpu) -> str:
        """The GPU's key."""
        return gpus.key_of(value)

    def shown(self, value: gpus.Gpu, earlier: Earlier) -> str:
        """The GPU's label."""
        return value.label

    def trials(self, earlier: Earlier) -> list[gpus.Gpu]:
        """A small, a large and an own one."""
        return [gpus.gpu(key) for key in ("t4", "mi300x", "own:24:1008:165:450:0.4")]

    def described(self, earlier: Earlier) -> dict[str, Any]:
        """With the GPUs of the table, and the form of an own one."""
        return super().described(earlier) | {"options": gpus.labels(), "own": "own:memory GB:GB/s:TFLOP/s:W:USD/h"}


MODEL = ModelKind("Model")
GPU = GpuKind("GPU")
