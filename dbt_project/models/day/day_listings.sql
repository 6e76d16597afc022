-- The day's listings with the work that each belongs to.
with records as (
    select * from {{ staged('records') }}
),

keyed as (
    select
        *,
        {{ paper_key() }} as paper_key
    from records
)

select
    listing_id,
    {{ paper_id('paper_key') }} as paper_id,
    paper_key,
    source,
    source_id,
    version,
    dt,
    status,
    title,
    abstract,
    title_raw,
    abstract_raw,
    text_changes,
    abstract_sections,
    authors,
    journal,
    published_on,
    language,
    doi,
    pmid,
    pmcid,
    arxiv_id,
    licence,
    publication_types,
    mesh,
    keywords,
    categories,
    comment,
    url,
    links,
    text_sha256,
    raw_key,
    raw_sha256,
    record_index,
    fetched_at
from keyed
