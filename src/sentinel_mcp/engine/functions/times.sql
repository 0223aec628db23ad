-- Kusto counts its bins from 0001-01-01, a Monday; DuckDB's microseconds count from 1970-01-01.
CREATE OR REPLACE MACRO __floor_to(number, size) AS
    (number - (((number % size) + size) % size));
-- Sizes of which that is not certain (3d) are refused; 63082454400000000 is up to 2000-01-03.
CREATE OR REPLACE MACRO __bin_datetime(moment, size) AS
    CASE WHEN 63082454400000000 % nullif(epoch_us(size), 0) <> 0
         THEN error('bin: where bins of this size begin is not known for certain')
         ELSE make_timestamp(__floor_to(epoch_us(moment) + 62135596800000000, nullif(epoch_us(size), 0)) - 62135596800000000) END;
CREATE OR REPLACE MACRO __bin_timespan(span, size) AS
    to_microseconds(__floor_to(epoch_us(span), nullif(epoch_us(size), 0)));
CREATE OR REPLACE MACRO __bin_at(moment, size, anchor) AS
    make_timestamp(epoch_us(anchor) + __floor_to(epoch_us(moment) - epoch_us(anchor), nullif(epoch_us(size), 0)));
CREATE OR REPLACE MACRO __span_ratio(a, b) AS
    (CAST(epoch_us(a) AS DOUBLE) / CAST(epoch_us(b) AS DOUBLE));
CREATE OR REPLACE MACRO __span_divide(span, number) AS
    to_microseconds(CAST(trunc(epoch_us(span) / nullif(CAST(number AS DOUBLE), 0)) AS BIGINT));
CREATE OR REPLACE MACRO __span_times(span, factor) AS
    to_microseconds(CAST(trunc(epoch_us(span) * factor) AS BIGINT));
CREATE OR REPLACE MACRO __moment_minus(a, b) AS to_microseconds(epoch_us(a) - epoch_us(b));
CREATE OR REPLACE MACRO __real_divide(a, b) AS (CAST(a AS DOUBLE) / CAST(b AS DOUBLE));
CREATE OR REPLACE MACRO __datetime_ticks(moment) AS ((epoch_us(moment) + 62135596800000000) * 10);
CREATE OR REPLACE MACRO __timespan_ticks(span) AS (epoch_us(span) * 10);
CREATE OR REPLACE MACRO __unixtime_seconds_todatetime(number) AS
    make_timestamp(CAST(round(CAST(number AS DOUBLE) * 1000000) AS BIGINT));
CREATE OR REPLACE MACRO __unixtime_milliseconds_todatetime(number) AS
    make_timestamp(CAST(round(CAST(number AS DOUBLE) * 1000) AS BIGINT));
CREATE OR REPLACE MACRO __unixtime_microseconds_todatetime(number) AS
    make_timestamp(CAST(number AS BIGINT));
CREATE OR REPLACE MACRO __abs_timespan(span) AS to_microseconds(abs(epoch_us(span)));
-- Where a range of rows ends; the translator makes a list of it, which must fit into memory.
CREATE OR REPLACE MACRO __count_of(span) AS
    CASE WHEN typeof(span) = 'INTERVAL' THEN epoch_us(TRY_CAST(CAST(span AS VARCHAR) AS INTERVAL)) ELSE TRY_CAST(CAST(span AS VARCHAR) AS BIGINT) END;
CREATE OR REPLACE MACRO __range_end(first, last, step) AS
    CASE WHEN __count_of(last - first) / nullif(__count_of(step), 0) > 1000000
         THEN error('a range of more than a million rows is not supported here') ELSE last END;
