"""A key-value cache with room for what is still to come: a token more costs no copy of all that was there.

transformers' own cache joins old and new at every step, which on a CPU takes longer than the model itself.
"""

from functools import cache
from typing import Any


def make(opened, capacity: int):
    """An empty cache for so many slots in each row. Its memory is kept for the next batch."""
    from transformers import DynamicCache

    made, kept = DynamicCache(), opened.memo.setdefault("room", {})
    made.layer_class_to_replicate = lambda: layer_class()(capacity, kept, len(made.layers))
    return made


def place(made, beginnings: list[tuple[list[int], list]], n_rows: int, slots: int) -> None:
    """Put keys and values of beginnings into the first slots of their rows, padded on the left.

    beginnings: (rows, (keys, values) of each layer) each; rows without a beginning have none.
    """
    template = next(layers for _, layers in beginnings if layers)
    for at, like in enumerate(template):
        layer = made.layer_class_to_replicate()
        made.layers.append(layer)
        layer.take(n_rows, *like)
        for rows, layers in beginnings:
            for part, buffer in enumerate((layer.all_keys, layer.all_values)):
                start = slots - (layers[at][part].shape[-2] if layers else 0)
                for row in rows:
                    if start:
                        buffer[row, :, :start] = 0  # what is masked must still be a number
                    if layers:
                        buffer[row, :, start:slots] = layers[at][part][0]
        layer.show(slots)


def select(made, indices, more: int):
    """A cache with rows of another, which stays as it is, and room for so many tokens more."""
    from transformers import DynamicCache

    out = DynamicCache()
    for old in made.layers:
        filled = old.keys.shape[-2]
        layer = layer_class()(filled + more, {}, 0)
        layer.take(len(indices), old.keys, old.values)
        layer.all_keys[:, :, :filled], layer.all_values[:, :, :filled] = old.keys[indices], old.values[indices]
        layer.show(filled)
        out.layers.append(layer)
    return out


@cache
def layer_class() -> Any:
    """The class of one layer of the cache, made on first use since transformers is imported late."""
    import torch
    from transformers.cache_utils import DynamicLayer

    class Room(DynamicLayer):
        """Keys and values of one layer: all_keys and all_values have room, keys and values show what is filled."""

        def __init__(self, capacity: int, kept: dict, at: int):
            super().__init__()
            self.capacity, self.kept, self.at = capacity, kept, at

        def take(self, n_rows: int, keys, values) -> None:
            """Get memory for so many rows of tensors like these."""
            self.dtype, self.device = keys.dtype, keys.device
            self.all_keys, self.all_values = (self.memory(n_rows, name, like) for name, like in (("keys", keys), ("values", values)))
            self.is_initialized = True
            self.show(0)

        def memory(self, n_rows: int, name: str, like):
            shape = (n_rows, like.shape[1], self.capacity, like.shape[3])
            size = shape[0] * shape[1] * shape[2] * shape[3]
            have = self.kept.get((self.at, name))
            if have is None or have.numel() < size or have.dtype != like.dtype or have.device != like.device:
                have = self.kept[self.at, name] = torch.empty(size, dtype=like.dtype, device=like.device)
            return have[:size].view(shape)

        def show(self, filled: int) -> None:
            self.keys, self.values = self.all_keys[:, :, :filled], self.all_values[:, :, :filled]

        def update(self, key_states, value_states, *args, **kwargs):
            if not self.is_initialized:
                self.take(key_states.shape[0], key_states, value_states)
            start = self.keys.shape[-2]
            end = start + key_states.shape[-2]
            self.all_keys[:, :, start:end] = key_states
            self.all_values[:, :, start:end] = value_states
            self.show(end)
            return self.keys, self.values

        def batch_select_indices(self, indices) -> None:
            filled = self.keys.shape[-2]
            for name in ("all_keys", "all_values"):
                old = getattr(self, name)
                new = old.new_empty((len(indices), *old.shape[1:]))
                new[:, :, :filled] = old[:, :, :filled][indices]
                setattr(self, name, new)
            self.show(filled)

        def get_seq_length(self) -> int:
            return self.keys.shape[-2] if self.is_initialized else 0

    return Room
