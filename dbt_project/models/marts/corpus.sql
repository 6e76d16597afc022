-- One work with its labels spread to columns. Only works that a release has touched since the last run are written.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='paper_id',
    on_schema_change='append_new_columns',
    post_hook="{% if is_incremental() %}
        delete from {{ this }} where paper_id not in (select paper_id from {{ source('curated', 'papers') }})
    {% endif %}"
) }}

with papers as (
    select * from {{ source('curated', 'papers') }}
    {% if is_incremental() %}
        where release_seq > {{ newest_in(this) }}
    {% endif %}
),

labels as (
    select
        annotations.paper_id,
        {% for scheme in ['document_type', 'domain', 'educational_quality', 'kind'] %}
            max_by(annotations.label, annotations.score) filter (where annotations.scheme = '{{ scheme }}')
                as {{ scheme }},
            max(annotations.score) filter (where annotations.scheme = '{{ scheme }}') as {{ scheme }}_score,
        {% endfor %}
    {% for scheme in ['topics', 'tasks', 'modalities', 'languages'] %}
        list(annotations.label order by annotations.label) filter (where annotations.scheme = '{{ scheme }}')
            as {{ scheme }},
        list(annotations.score order by annotations.label) filter (where annotations.scheme = '{{ scheme }}')
            as {{ scheme }}_score{{ ',' if not loop.last }}
    {% endfor %}
    from {{ source('enriched', 'annotations') }} as annotations
    inner join papers
        on annotations.paper_id = papers.paper_id and annotations.text_sha256 = papers.text_sha256
    group by annotations.paper_id
)

select
    papers.*,
    labels.document_type,
    labels.document_type_score,
    labels.domain,
    labels.domain_score,
    labels.educational_quality::integer as educational_quality,
    labels.educational_quality_score,
    labels.topics,
    labels.topics_score,
    labels.kind,
    labels.kind_score,
    labels.tasks,
    labels.tasks_score,
    labels.modalities,
    labels.modalities_score,
    labels.languages,
    labels.languages_score
from papers
left join labels on papers.paper_id = labels.paper_id
