{#- Number of the newest release that a mart holds. -#}
{% macro newest_in(relation) -%}
  (select coalesce(max(mart.release_seq), 0) from {{ relation }} as mart)
{%- endmacro %}
