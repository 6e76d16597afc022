{#- Data tests of one day's models. Each returns the rows at fault. -#}

{% test no_nulls(model, columns) %}
select * from {{ model }}
where {% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}

{% test no_blanks(model, column_name) %}
select * from {{ model }}
where trim({{ column_name }}) = ''
{% endtest %}

{#- A row of another day would be deleted with that day's next release. -#}
{% test in_day(model) %}
select * from {{ model }}
where dt <> date '{{ var("dt") }}'
{% endtest %}

{% test as_many_rows_as(model, table) %}
with counted as (
    select
        (select count(*) from {{ staged(table) }}) as expected,
        (select count(*) from {{ model }}) as found
)

select * from counted
where expected <> found
{% endtest %}

{% test every_listing_has_its_work(model) %}
select listings.listing_id from {{ ref('day_listings') }} as listings
left join {{ model }} as works on listings.paper_id = works.paper_id
where listings.status <> 'deleted' and works.paper_id is null
{% endtest %}
