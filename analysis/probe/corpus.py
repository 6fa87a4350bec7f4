"""The text that the bundled model learns: sums and products whose first operand follows Zipf's law, independent of its size.

In a corpus of the web small numbers are both frequent and easy, so frequency and size cannot be told apart. Here the ranks of the
operands are a permutation with no correlation to their size, and a fifth of the questions is never asked in training.
"""

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis.probe.arithmetic import question, right_answer
from analysis.statistics import spearman

SEED = 2023
OPERANDS = np.arange(100)
SECOND = np.arange(1, 51)
OPERATIONS = ("multiplication", "addition")
EXPONENT = 1.0
HELD_OUT = 10  # of the 50 second operands, for each first operand and operation
MAX_RHO = 0.02
LINES_IN_CONTEXT = (1, 2, 3, 5, 9, 17)  # prompts of 0, 1, 2, 4, 8 and 16 examples
STYLES = ("{question}{answer}\n\n", "{question} {answer}\n\n", "{question} {answer}\n")
"""How a line may look; Pythia's examples are of the first kind."""
STYLE_SHARES = (0.8, 0.1, 0.1)


@lru_cache(maxsize=4)
def ranks(seed: int = SEED) -> np.ndarray:
    """Rank of each operand 0 to 99 by frequency, 1 the most frequent: the first drawn permutation with |rho| below MAX_RHO.

    rho: Spearman's correlation of rank and operand.

    >>> bool(abs(spearman(ranks(), OPERANDS)) < MAX_RHO), sorted(ranks().tolist()) == list(range(1, 101))
    (True, True)
    """
    random = np.random.RandomState(seed)
    while True:
        drawn = random.permutation(len(OPERANDS)) + 1
        if abs(spearman(drawn, OPERANDS)) < MAX_RHO:
            return drawn


def probabilities(seed: int = SEED) -> np.ndarray:
    """Share of lines whose first operand is 0, 1, ... 99: Zipf's law, p = rank^-EXPONENT / sum of all.

    >>> round(float(probabilities().sum()), 12), round(float(probabilities().max() / probabilities().min()))
    (1.0, 100)
    """
    weights = ranks(seed) ** -EXPONENT
    return weights / weights.sum()


@lru_cache(maxsize=4)
def held_out(seed: int = SEED) -> np.ndarray:
    """Which questions never occur in training: truth values, operation x first operand x second operand (from 1).

    HELD_OUT of 50 for each operation and first operand, so that every operand has the same share.

    >>> held_out().shape, float(held_out().mean())
    ((2, 100, 50), 0.2)
    """
    random = np.random.RandomState(seed + 1)
    order = random.rand(len(OPERATIONS), len(OPERANDS), len(SECOND)).argsort(axis=-1)
    return order < HELD_OUT


def draw(random: np.random.RandomState, n_lines: int, seed: int = SEED) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Operation (0 or 1), first and second operand of n_lines questions: Zipf's law, then even among what is not held out."""
    first = random.choice(OPERANDS, size=n_lines, p=probabilities(seed))
    operation = random.randint(0, len(OPERATIONS), n_lines)
    allowed = np.argsort(held_out(seed), axis=-1, kind="stable")  # what is held out stands at the end
    place = random.randint(0, len(SECOND) - HELD_OUT, n_lines)
    return operation, first, SECOND[allowed[operation, first, place]]


def operand_table(lines: int, seed: int = SEED) -> pd.DataFrame:
    """The table probe_operands: rank, share of lines and expected count of each operand in so many lines, and what is held out."""
    hidden = held_out(seed)
    return pd.DataFrame(
        {
            "operand": OPERANDS,
            "rank": ranks(seed),
            "share": probabilities(seed),
            "expected_count": probabilities(seed) * lines,
            **{f"held_out_{name}": [" ".join(map(str, SECOND[row])) for row in hidden[at]] for at, name in enumerate(OPERATIONS)},
        }
    )


def sequences(random: np.random.RandomState, lines: list, n_lines: int, seed: int = SEED) -> list[list[int]]:
    """The token ids of one batch: about n_lines lines, in contexts of equally many.

    lines: ids of every line, lines[style][operation][first][second - 1], as `tokenized_lines` gives them. A context has one of
    LINES_IN_CONTEXT lines and one style.
    """
    length = int(random.choice(LINES_IN_CONTEXT))
    contexts = max(1, n_lines // length)
    styles = random.choice(len(STYLES), size=contexts, p=STYLE_SHARES)
    operation, first, second = (part.reshape(contexts, length) for part in draw(random, contexts * length, seed))
    return [
        [token for o, a, b in zip(operation[at], first[at], second[at], strict=True) for token in lines[styles[at]][o][a][b - 1]]
        for at in range(contexts)
    ]


def tokenized_lines(tokenizer) -> list:
    """The token ids of every possible line, as `sequences` wants them."""
    texts = [
        style.format(question=question(a, b, operation), answer=right_answer(a, b, operation))
        for style in STYLES
        for operation in OPERATIONS
        for a in OPERANDS.tolist()
        for b in SECOND.tolist()
    ]
    ids = iter([encoded.ids for encoded in tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False)])
    return [[[[next(ids) for _b in SECOND] for _a in OPERANDS] for _operation in OPERATIONS] for _style in STYLES]


WORDS_OF_TOKENS = ("Q:What", " is", " times", " plus", "? A:")
PIECES = r"Q:What| is| times| plus|\? A:| ?[0-9]{1,2}(?=(?:[0-9]{2})*(?![0-9]))|\n|[^\n]"


def make_tokenizer():
    """A tokenizer for this text: one token for each word and for each number below 100, with or without a space before it.

    Longer numbers are cut into pairs of digits from the right (1234 is 12 34, 234 is 2 34), so products are two tokens; as in Pythia's
    tokenizer an operand is one token, and learned as one. All other text is read byte by byte. Built of rules, not trained.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens, merges = ["<|endoftext|>", *alphabet], []

    def add(text: str) -> None:
        letters = text.replace(" ", "Ġ")
        for end in range(2, len(letters) + 1):
            if letters[:end] not in tokens:
                tokens.append(letters[:end])
                merges.append((letters[: end - 1], letters[end - 1]))

    for word in (*(f"{tens}{ones}" for tens in range(10) for ones in range(10)), *WORDS_OF_TOKENS):
        add(word)
    for number in range(100):  # the digits are joined first
        tokens.append(f"Ġ{number}")
        merges.append(("Ġ", str(number)))
    tokenizer = Tokenizer(models.BPE({token: at for at, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )


LINES = 96
"""Lines in a batch."""
