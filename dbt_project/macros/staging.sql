{#- Where a day's tables come from and go to. The paths are variables, so that a model never knows run or bucket. -#}

{% macro staged(table) -%}
  read_parquet('{{ var("staged_" ~ table) }}')
{%- endmacro %}

{#- One Parquet object a model and day, an empty day too (dbt-duckdb's external materialization writes a row of nulls
    for it, dbt-duckdb#510). Ordered by all columns' key, so that equal rows are equal bytes. -#}
{% macro stage(relation) -%}
  {%- if execute and flags.WHICH in ('run', 'build') -%}
  copy (select * from {{ relation }} order by {{ model.config.meta.order_by | join(', ') }})
  to '{{ var("stage_to") }}/{{ relation.identifier }}/dt={{ var("dt") }}/part-0.parquet'
  (format parquet, compression zstd)
  {%- endif -%}
{%- endmacro %}
