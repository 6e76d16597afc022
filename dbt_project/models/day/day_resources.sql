-- The links of the day's works, each once a work.
with links as (
    select
        paper_id,
        dt,
        unnest(links) as link
    from {{ ref('day_papers') }}
)

select
    links.paper_id,
    links.dt,
    link.url_raw,
    link.url,
    link.host,
    link.role,
    null::varchar as licence
from links
qualify row_number() over (partition by links.paper_id, link.url order by link.url_raw) = 1
