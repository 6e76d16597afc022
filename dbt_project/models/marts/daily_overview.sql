-- One released day and source. A view: a day that is released late changes what was new on the days after it.
{{ config(materialized='view') }}

with listings as (
    select
        dt,
        source,
        count(*) as listings,
        count(distinct paper_id) as works,
        count(*) filter (where status = 'revised') as revisions,
        count(*) filter (where status = 'withdrawn') as withdrawals,
        count(*) filter (where status = 'deleted') as deletions
    from {{ source('curated', 'listings') }}
    group by dt, source
),

texts as (
    select
        listings.dt,
        listings.source,
        listings.listing_id,
        listings.paper_id,
        listings.text_sha256,
        papers.first_listed_on = listings.dt as is_new
    from {{ source('curated', 'listings') }} as listings
    inner join {{ source('curated', 'papers') }} as papers on listings.paper_id = papers.paper_id
    where listings.status <> 'deleted'
),

embedded as (
    select distinct text_sha256 from {{ source('enriched', 'embeddings') }}
),

annotated as (
    select distinct paper_id from {{ source('enriched', 'annotations') }}
),

enriched as (
    select
        texts.dt,
        texts.source,
        count(distinct texts.paper_id) filter (where texts.is_new) as new_works,
        avg((embedded.text_sha256 is not null)::integer) as share_embedded,
        avg((annotated.paper_id is not null)::integer) as share_annotated
    from texts
    left join embedded on texts.text_sha256 = embedded.text_sha256
    left join annotated on texts.paper_id = annotated.paper_id
    group by texts.dt, texts.source
),

read_objects as (
    select
        dt,
        source,
        sum(records) as records_read
    from {{ source('ops', 'raw_objects') }}
    group by dt, source
),

quarantined as (
    select
        dt,
        source,
        count(*) as quarantined
    from {{ source('ops', 'quarantine') }}
    group by dt, source
),

released as (
    select
        dt,
        max(released_at) as released_at
    from {{ source('ops', 'releases') }}
    group by dt
),

refused as (
    select
        dt,
        count(*) as refused
    from {{ source('ops', 'refusals') }}
    group by dt
)

select
    released.dt,
    read_objects.source,
    read_objects.records_read::bigint as records_read,
    coalesce(listings.listings, 0) as listings,
    coalesce(listings.works, 0) as works,
    coalesce(enriched.new_works, 0) as new_works,
    coalesce(listings.revisions, 0) as revisions,
    coalesce(listings.withdrawals, 0) as withdrawals,
    coalesce(listings.deletions, 0) as deletions,
    coalesce(quarantined.quarantined, 0) as quarantined,
    coalesce(refused.refused, 0) as refused,
    enriched.share_embedded,
    enriched.share_annotated,
    released.released_at
from released
inner join read_objects on released.dt = read_objects.dt
left join listings on read_objects.dt = listings.dt and read_objects.source = listings.source
left join enriched on read_objects.dt = enriched.dt and read_objects.source = enriched.source
left join quarantined on read_objects.dt = quarantined.dt and read_objects.source = quarantined.source
left join refused on read_objects.dt = refused.dt
