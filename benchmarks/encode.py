"""How many texts a second does the embedding model encode, by length?"""

from __future__ import annotations

import random
import time

from report import arguments, tell

from assets.enrichment.embedding import Encoder

#: Words of biomedical titles, so that the tokenizer splits them as it splits real ones.
WORDS = [
    *("protein", "expression", "clinical", "trial", "randomised", "patients", "cohort", "tumour", "sequencing"),
    *("transcriptome", "embedding", "model", "inference", "pathway", "receptor", "kinase", "mutation", "diagnosis"),
    *("treatment", "survival", "imaging", "segmentation"),
]


def main() -> None:
    """Encode random texts of three lengths; the model is loaded before the clock starts."""
    parser = arguments(__doc__)
    parser.add_argument("--texts", type=int, default=96, help="texts a length")
    options = parser.parse_args()
    words = random.Random(0)
    encoder = Encoder()
    loaded = time.perf_counter()
    encoder.encode(["warm up"])
    results = [{"name": "load and first vector", "seconds": round(time.perf_counter() - loaded, 2)}]
    for length in (12, 100, 250):
        texts = [" ".join(words.choices(WORDS, k=length)) for _ in range(options.texts)]
        started = time.perf_counter()
        encoder.encode(texts)
        seconds = time.perf_counter() - started
        results.append(
            {
                "name": f"{length} words",
                "seconds": round(seconds, 2),
                "texts_per_second": round(len(texts) / seconds, 2),
            }
        )
    tell(results, as_json=options.json)


if __name__ == "__main__":
    main()
