{#- The first identity of a work: its strongest identifier, else the source's own id, else its normalised title.
    Registries that give one id to one work come first; a DOI may stand for a whole conference supplement. -#}
{% macro paper_key() -%}
  case
    when pmid is not null then 'pmid:' || pmid
    when pmcid is not null then 'pmcid:' || pmcid
    when arxiv_id is not null then 'arxiv:' || arxiv_id
    when doi is not null then 'doi:' || doi
    when starts_with(source_id, 'title-') then 'title:' || substr(source_id, 7)
    else source || ':' || source_id
  end
{%- endmacro %}

{% macro paper_id(key) -%}
  'w' || substr(sha256({{ key }}), 1, 20)
{%- endmacro %}
