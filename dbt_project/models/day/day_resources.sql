-- The links of the day's works, each once a work.
with links as (
    select
        paper_id,
        dt,
        unnest(links) as link
    from {{ ref('day_papers') }}
)

select
    paper_id,
    dt,
    link.url_raw as url_raw,
    link.url as url,
    link.host as host,
    link.role as role,
    null::varchar as licence
from links
qualify row_number() over (partition by paper_id, link.url order by link.url_raw) = 1
