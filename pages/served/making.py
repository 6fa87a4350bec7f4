"""What is made for an address: in threads, a few at a time, once for all who ask meanwhile, and kept for those who ask later."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """What has a size in bytes."""

    @property
    def size(self) -> int:
        """Bytes that it takes."""


Made = TypeVar("Made", bound=Sized)


class Busy(Exception):
    """Too much is being made already."""


class Late(Exception):
    """It is not ready in time; it is still being made, and kept once it is."""


class Maker(Generic[Made]):
    """Makes things by key.

    at_a_time: threads; waiting: how many more may wait for one; seconds: how long one who asks waits; room: bytes of what is kept, of which
    those go first that were asked for longest ago. All methods belong to one event loop. What raises is not kept.
    """

    def __init__(self, at_a_time: int = 2, waiting: int = 16, seconds: float = 60, room: int = 64_000_000) -> None:
        self.most, self.seconds, self.room = at_a_time + waiting, seconds, room
        self._threads = ThreadPoolExecutor(at_a_time, thread_name_prefix="served")
        self._under_way: dict[Hashable, asyncio.Future[Made]] = {}
        self._kept: OrderedDict[Hashable, Made] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What make() returns for this key. Raises Busy, Late, and what make() raises."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._under_way:
            if len(self._under_way) >= self.most:
                raise Busy
            self._under_way[key] = asyncio.wrap_future(self._threads.submit(make))
            self._under_way[key].add_done_callback(partial(self._done, key))
        future = self._under_way[key]
        done, _ = await asyncio.wait([future], timeout=self.seconds)
        if not done:
            raise Late
        return future.result()

    def _done(self, key: Hashable, future: "asyncio.Future[Made]") -> None:
        del self._under_way[key]
        if future.cancelled() or future.exception() is not None:
            return
        made = future.result()
        if made.size <= self.room:
            self._kept[key] = made
        while sum(one.size for one in self._kept.values()) > self.room:
            self._kept.popitem(last=False)
