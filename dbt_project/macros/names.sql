{#- Marts live in the lake's schema `marts`, day models in the run's own memory: no prefix of a user's target. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ custom_schema_name or target.schema }}
{%- endmacro %}
