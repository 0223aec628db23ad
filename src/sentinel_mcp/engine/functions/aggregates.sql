-- Aggregates; each takes the condition under which a row counts.
CREATE OR REPLACE MACRO __min(value, kept) AS min(value) FILTER (WHERE kept);
CREATE OR REPLACE MACRO __max(value, kept) AS max(value) FILTER (WHERE kept);
CREATE OR REPLACE MACRO __take_any(value, kept) AS any_value(value) FILTER (WHERE kept);
CREATE OR REPLACE MACRO __sum(value, kept) AS coalesce(sum(value) FILTER (WHERE kept), 0);
CREATE OR REPLACE MACRO __avg(value, kept) AS
    coalesce(avg(value) FILTER (WHERE kept), CAST('NaN' AS DOUBLE));
CREATE OR REPLACE MACRO __stdev(value, kept) AS coalesce(stddev_samp(value) FILTER (WHERE kept), 0.0);
CREATE OR REPLACE MACRO __variance(value, kept) AS coalesce(var_samp(value) FILTER (WHERE kept), 0.0);
CREATE OR REPLACE MACRO __stdevp(value) AS coalesce(stddev_pop(value), 0.0);
CREATE OR REPLACE MACRO __variancep(value) AS coalesce(var_pop(value), 0.0);
CREATE OR REPLACE MACRO __binary_all_or(value) AS bit_or(CAST(value AS BIGINT));
CREATE OR REPLACE MACRO __binary_all_and(value) AS bit_and(CAST(value AS BIGINT));
CREATE OR REPLACE MACRO __sum_timespan(value, kept) AS
    to_microseconds(CAST(coalesce(sum(epoch_us(value)) FILTER (WHERE kept), 0) AS BIGINT));
CREATE OR REPLACE MACRO __avg_timespan(value, kept) AS
    to_microseconds(CAST(trunc(avg(epoch_us(value)) FILTER (WHERE kept)) AS BIGINT));
CREATE OR REPLACE MACRO __make_list(value, kept, most) AS
    to_json(coalesce(list_slice(list(value) FILTER (WHERE kept AND value IS NOT NULL), 1, most), []));
-- Sorted, so that the same rows give the same set; Kusto promises no order.
CREATE OR REPLACE MACRO __make_set(value, kept, most) AS
    to_json(coalesce(list_slice(list_sort(list(DISTINCT value) FILTER (WHERE kept AND value IS NOT NULL)), 1, most), []));
-- Kusto takes the elements of an array one by one.
CREATE OR REPLACE MACRO __make_set_dynamic(value, kept, most) AS
    to_json(coalesce(list_slice(list_sort(list_distinct(flatten(list(
        CASE WHEN json_type(value) = 'ARRAY' THEN CAST(value AS JSON[]) ELSE [value] END
    ) FILTER (WHERE kept AND value IS NOT NULL)))), 1, most), []));
CREATE OR REPLACE MACRO __make_bag(value, kept) AS
    __bag_of(coalesce(flatten(list(__entries(value)) FILTER (WHERE kept AND json_type(value) = 'OBJECT')), []));
