"""Where runs and their rows are kept: one SQLite database that many processes read and write, rows a whole batch at a time."""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from analysis.probe.spec import Row, RunSpec

ROOT = Path(__file__).parents[2]
FOLDER = "PROBE_RUNS"
"""The environment variable that names another folder than runs/ for the database."""
LIVE = ("queued", "running")
VERSION = 1
BUSY_SECONDS = 20.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, spec TEXT NOT NULL, engine TEXT NOT NULL, device TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
    created REAL NOT NULL, started REAL, finished REAL, pid INTEGER, process_start TEXT NOT NULL DEFAULT '', heartbeat REAL,
    total INTEGER, asked TEXT NOT NULL DEFAULT '', cancel INTEGER NOT NULL DEFAULT 0, answering REAL,
    done_before INTEGER NOT NULL DEFAULT 0, versions TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS rows (
    run_id TEXT NOT NULL REFERENCES runs (id), item_id TEXT NOT NULL, prompt TEXT NOT NULL, returned TEXT NOT NULL, score REAL,
    score_norm REAL, "group" TEXT NOT NULL, frequency REAL, answer TEXT NOT NULL, detail TEXT NOT NULL, seconds REAL,
    PRIMARY KEY (run_id, item_id)
) WITHOUT ROWID;
"""
ROW_COLUMNS = tuple(field.name for field in fields(Row))
_QUOTED = ", ".join(f'"{name}"' for name in ROW_COLUMNS)


class StoreError(ValueError):
    """The database cannot be used. The text is one sentence that names the file and what to do; nothing was lost."""


class NotOurs(Exception):
    """The run was cancelled, or belongs to another process by now: whoever gets this stops."""


@dataclass(frozen=True)
class Run:
    """A run as it stands. done: rows there are; total: questions, None until they are known; answering: when this attempt began to
    answer [s since 1970]; done_before: the rows there were by then; asked: a hash of all questions; cancel: whether somebody asked to
    stop it."""

    id: str
    spec: RunSpec
    engine: str
    device: str
    state: str
    message: str
    created: float
    started: float | None
    finished: float | None
    pid: int | None
    process_start: str
    heartbeat: float | None
    total: int | None
    asked: str
    cancel: bool
    answering: float | None
    done_before: int
    versions: dict
    done: int

    @property
    def live(self) -> bool:
        """Whether it is queued or running."""
        return self.state in LIVE

    @property
    def rate(self) -> float:
        """Questions answered a second in this attempt; nan before the first batch."""
        end = self.finished or self.heartbeat
        if not (self.answering and end and end > self.answering and self.done > self.done_before):
            return float("nan")
        return (self.done - self.done_before) / (end - self.answering)

    @property
    def remaining_s(self) -> float:
        """Seconds that the rest takes at this rate; nan where it is not known."""
        return (self.total - self.done) / self.rate if self.total is not None and self.live else float("nan")


def folder() -> Path:
    """The folder of the database, of the locks and of the logs."""
    return Path(os.environ.get(FOLDER) or ROOT / "runs").expanduser().resolve()


class Store:
    """The database at a path, made where there is none. Every method opens it anew, so that any thread or process may use one.

    Raises StoreError wherever the database cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = Path(path) if path else folder() / "probe.sqlite"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {self.path.parent} cannot be made: {(error.strerror or str(error)).lower()}.") from None
        with self.connection() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise StoreError(
                    f"{self.path} was written by a newer version of this program; use that one, or set {FOLDER} to another folder."
                )
            if version < VERSION:
                use_wal(db)
                db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """An open connection in autocommit mode. What SQLite complains of becomes a StoreError."""
        db = None
        try:
            db = self.open()
            yield db
        except sqlite3.Error as error:
            raise StoreError(sentence(self.path, error)) from error
        finally:
            if db is not None:
                db.close()

    def open(self) -> sqlite3.Connection:
        """A connection, without any care for errors."""
        db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous = NORMAL")  # a crash of the machine may lose the last batches, never the database
        return db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction: all of it happens, or nothing."""
        with self.connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                if db.in_transaction:  # SQLite itself has rolled back after some errors, such as a full disk
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    # --- runs ---------------------------------------------------------------------------------------------------------

    def add(self, spec: RunSpec, engine: str, device: str, max_live: int, message: str = "waits for its process") -> str:
        """The id of a new run, queued. Raises ValueError where max_live runs are queued or running already."""
        with self.transaction() as db:
            (live,) = db.execute(f"SELECT count(*) FROM runs WHERE state IN {LIVE}").fetchone()
            if live >= max_live:
                raise ValueError(f"{live} runs are queued or running, and at most {max_live} may be; wait for one, or cancel it")
            run = secrets.token_hex(4)
            values = (run, spec.to_json(), engine, device, "queued", message, time.time())
            db.execute("INSERT INTO runs (id, spec, engine, device, state, message, created) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return run

    def runs(self, newest: int | None = None, live: bool = False) -> list[Run]:
        """All runs, or the newest so many, the newest first. live: only those that are queued or running."""
        with self.connection() as db:
            count, which = "(SELECT count(*) FROM rows WHERE run_id = runs.id) AS done", f"WHERE state IN {LIVE}" if live else ""
            found = db.execute(f"SELECT *, {count} FROM runs {which} ORDER BY created DESC, rowid DESC LIMIT ?", (newest or -1,)).fetchall()
        return [_run(row) for row in found]

    def run(self, run: str) -> Run:
        """One run, by its id or by the beginning of it. Raises ValueError where there is none, or several."""
        with self.connection() as db:
            count = "(SELECT count(*) FROM rows WHERE run_id = runs.id) AS done"
            found = db.execute(f"SELECT *, {count} FROM runs WHERE substr(id, 1, ?) = ?", (len(run), run)).fetchall() if run else []
        if len(found) != 1:
            raise ValueError(f"run: {'several runs begin' if found else 'there is no run that begins'} with {run[:40]!r}")
        return _run(found[0])

    def update(self, run: str, where: str = "1", parameters: Sequence = (), **values) -> bool:
        """Set columns of a run, if it fulfils a condition; whether it did. where: SQL of this module's own making."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self.transaction() as db:
            changed = db.execute(f"UPDATE runs SET {names} WHERE id = ? AND ({where})", (*values.values(), run, *parameters))
        return changed.rowcount == 1

    def forget(self, run: str) -> bool:
        """Delete a run that is not queued or running, with its rows, and overwrite them; whether it was there and had ended."""
        with self.connection() as db:
            db.execute("PRAGMA secure_delete = ON")  # questions may be a reader's own
            db.execute("BEGIN IMMEDIATE")
            gone = db.execute(f"DELETE FROM runs WHERE id = ? AND state NOT IN {LIVE}", (run,)).rowcount == 1
            if gone:
                db.execute("DELETE FROM rows WHERE run_id = ?", (run,))
            db.execute("COMMIT")
        return gone

    def shrink(self) -> None:
        """Give the room of deleted rows back to the disk. Waits for whoever writes."""
        with self.connection() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # --- rows ---------------------------------------------------------------------------------------------------------

    def append(self, run: str, rows: Sequence[Row], owner: tuple[int, str] | None = None) -> None:
        """Keep the rows of one batch, all or none. A row that is there already is replaced.

        owner: (pid, process start) of the process that writes; raises NotOurs where the run is another's, or was ended meanwhile.
        """
        marks = ", ".join("?" * (1 + len(ROW_COLUMNS)))
        values = [(run, *(_number(value) for value in (asdict(row)[name] for name in ROW_COLUMNS))) for row in rows]
        with self.transaction() as db:
            now = db.execute("SELECT state, pid, process_start FROM runs WHERE id = ?", (run,)).fetchone()
            if now is None or (owner is not None and (now["state"] not in LIVE or (now["pid"], now["process_start"]) != owner)):
                raise NotOurs(run)
            db.executemany(f"INSERT OR REPLACE INTO rows (run_id, {_QUOTED}) VALUES ({marks})", values)
            db.execute("UPDATE runs SET heartbeat = ? WHERE id = ?", (time.time(), run))

    def rows(self, run: str) -> list[Row]:
        """The rows of a run, in the order of their ids."""
        with self.connection() as db:
            found = db.execute(f"SELECT {_QUOTED} FROM rows WHERE run_id = ? ORDER BY item_id", (run,)).fetchall()
        return [Row(**{name: _nan(name, row[name]) for name in ROW_COLUMNS}) for row in found]

    def finished(self, run: str) -> set[str]:
        """The ids of the questions that are answered."""
        with self.connection() as db:
            return {row[0] for row in db.execute("SELECT item_id FROM rows WHERE run_id = ?", (run,))}

    def groups(self, run: str) -> list[dict]:
        """For each group of questions: group, frequency, n, score and score_norm (means), in the order of the frequency."""
        with self.connection() as db:
            found = db.execute(
                'SELECT "group", avg(frequency) AS frequency, count(*) AS n, avg(score) AS score, avg(score_norm) AS score_norm '
                'FROM rows WHERE run_id = ? GROUP BY "group" ORDER BY avg(frequency), "group"',
                (run,),
            ).fetchall()
        return [{key: _nan(key, row[key]) for key in row.keys()} for row in found]  # noqa: SIM118 - a sqlite3.Row iterates over values


def use_wal(db: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, so that readers and a writer do not wait for each other. Two who begin at once take turns."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:  # this one statement does not wait for a lock by itself
            if "locked" not in str(error) or time.monotonic() > end:
                raise
        time.sleep(0.02)


def _run(row: sqlite3.Row) -> Run:
    values = {field.name: row[field.name] for field in fields(Run)}
    return Run(
        **values
        | {
            "spec": RunSpec.from_json(row["spec"]),
            "versions": json.loads(row["versions"]),
            "cancel": bool(row["cancel"]),
        }
    )


def _number(value):
    """SQLite keeps no nan: it becomes NULL, and `_nan` gives it back."""
    return None if isinstance(value, float) and value != value else value


def _nan(name: str, value):
    return float("nan") if value is None and name in ("score", "score_norm", "frequency", "seconds") else value


def sentence(path: Path, error: sqlite3.Error) -> str:
    """What a reader can do about an error of SQLite, in one sentence.

    >>> sentence(Path("runs/probe.sqlite"), sqlite3.OperationalError("database or disk is full"))
    'The disk that holds runs/probe.sqlite is full; every finished batch is kept: free some space, then resume the run.'
    """
    text = str(error)
    if "is full" in text:
        return f"The disk that holds {path} is full; every finished batch is kept: free some space, then resume the run."
    if "malformed" in text or "not a database" in text or "no such" in text or "has no column" in text:
        return (
            f"{path} is not a database that can be read ({text}); it was left as it is: move it and its -wal and -shm files elsewhere "
            f"to begin a new one, and `sqlite3 FILE .recover` may save its rows."
        )
    if "readonly" in text or "unable to open" in text:
        return f"{path} cannot be written ({text}); check who owns it and its folder, or set {FOLDER} to another folder."
    if "locked" in text or "busy" in text:
        return f"{path} is held by another program for more than {BUSY_SECONDS:.0f} s; end that program and try again."
    return f"{path} cannot be used: {text}."
