-- The day's works: of several listings of one work on this day, the fullest one speaks, and identifiers and the
-- licence that it lacks are taken from the others.
with listings as (
    select * from {{ ref('day_listings') }}
    where status <> 'deleted'
),

works as (
    select
        paper_id,
        any_value(doi order by listing_id) as doi,
        any_value(pmid order by listing_id) as pmid,
        any_value(pmcid order by listing_id) as pmcid,
        any_value(arxiv_id order by listing_id) as arxiv_id,
        any_value(licence order by listing_id) as licence,
        bool_or(status = 'withdrawn') as is_withdrawn,
        bool_or(list_contains(publication_types, 'Retracted Publication')) as is_retracted,
        list(distinct source order by source) as sources
    from listings
    group by paper_id
),

fullest as (
    select *
    from listings
    qualify row_number() over (
        partition by paper_id
        order by
            abstract is not null desc,
            try_cast(version as integer) desc nulls last,
            length(abstract) desc,
            listing_id asc
    ) = 1
)

select
    fullest.paper_id,
    fullest.paper_key,
    fullest.dt,
    fullest.title,
    fullest.abstract,
    fullest.abstract_sections,
    fullest.authors,
    fullest.journal,
    fullest.published_on,
    fullest.language,
    works.doi,
    works.pmid,
    works.pmcid,
    works.arxiv_id,
    works.licence,
    fullest.publication_types,
    fullest.mesh,
    fullest.keywords,
    fullest.categories,
    fullest.url,
    fullest.links,
    coalesce(works.is_retracted, false) as is_retracted,
    works.is_withdrawn,
    works.sources,
    fullest.listing_id,
    fullest.text_sha256
from fullest
inner join works on fullest.paper_id = works.paper_id
