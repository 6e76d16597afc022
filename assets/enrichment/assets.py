"""Vectors and labels of the day's works."""

from datetime import date

import dagster as dg

from assets.enrichment.embedding import Encoder, embed
from assets.enrichment.heads import annotate
from assets.enrichment.picture import label_picture
from orchestration import versions
from orchestration.partitions import DAYS, ONE_RUN_A_DAY
from orchestration.progress import work
from orchestration.resources.installation import Installation
from orchestration.run_metadata import OWNERS, step, table_of


@dg.asset(
    deps=["day_papers"],
    group_name="enrichment",
    kinds={"huggingface", "parquet"},
    owners=OWNERS,
    code_version=versions.ENRICHMENT,
    partitions_def=DAYS,
    backfill_policy=ONE_RUN_A_DAY,
)
def embeddings(
    context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]
) -> dg.MaterializeResult[None]:
    """One unit vector a text; a text that any day or run has encoded before is not encoded again."""
    dt = date.fromisoformat(context.partition_key)
    with step(context):
        (papers,) = litlake.staging.current(dt, "day_papers")
        texts = litlake.staging.read(papers)
        with work(f"{dt} encoding", texts["text_sha256"].n_unique()) as progress:
            vectors, stats = embed(texts, lambda: Encoder(litlake.model), litlake.vectors, progress)
        litlake.staging.write(dt, context.run.run_id, "embeddings", vectors, made_from=[papers])
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": vectors.height,
            "model": f"{litlake.model.name} {litlake.model.revision}",
            "encoded now": stats.encoded,
            "from cache": stats.from_cache,
            "seconds": round(stats.seconds, 2),
        }
    )


@dg.asset(
    deps=["day_papers", "embeddings"],
    group_name="enrichment",
    kinds={"scikitlearn", "parquet"},
    owners=OWNERS,
    code_version=versions.ENRICHMENT,
    partitions_def=DAYS,
    backfill_policy=ONE_RUN_A_DAY,
)
def annotations(
    context: dg.AssetExecutionContext, litlake: dg.ResourceParam[Installation]
) -> dg.MaterializeResult[None]:
    """One label a work and scheme: document_type, domain, educational_quality, each with its probability."""
    dt = date.fromisoformat(context.partition_key)
    with step(context):
        papers, vectors = litlake.staging.current(dt, "day_papers", "embeddings")
        labels = annotate(litlake.staging.read(papers), litlake.staging.read(vectors), litlake.heads)
        litlake.staging.write(dt, context.run.run_id, "annotations", labels, made_from=[papers, vectors])
    counts = labels.group_by("scheme", "label").len("works").sort("scheme", "works", descending=[False, True])
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": labels.height,
            "labels": dg.MetadataValue.md(label_picture(counts)),
            "counts": table_of(counts.iter_rows(named=True)),
        }
    )


ENRICHMENT_ASSETS = [embeddings, annotations]
