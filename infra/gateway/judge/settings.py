"""Which settings a client may send, by role; what is not on the list is refused, since a setting can open a way out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opsledger.infra.gateway.judge.lists import listed
from opsledger.infra.gateway.roles import BOUNDS, User

_READ = listed("""
    readonly session_timezone max_threads max_block_size max_result_rows max_result_bytes result_overflow_mode
    max_execution_time max_memory_usage max_rows_to_read max_bytes_to_read read_overflow_mode timeout_overflow_mode
    limit offset extremes final join_use_nulls use_uncompressed_cache prefer_column_name_to_alias group_by_use_nulls
    union_default_mode date_time_input_format date_time_output_format cast_keep_nullable decimal_check_overflow
    transform_null_in distributed_product_mode join_algorithm max_bytes_before_external_group_by
    max_bytes_before_external_sort max_query_size
    optimize_read_in_order optimize_move_to_prewhere
    do_not_merge_across_partitions_select_final allow_experimental_analyzer enable_analyzer compile_expressions
    use_skip_indexes max_rows_in_join low_cardinality_allow_in_native_format enable_named_columns_in_function_tuple
    cast_string_to_dynamic_use_inference cast_string_to_variant_use_inference allow_suspicious_types_in_group_by
    allow_suspicious_types_in_order_by optimize_aggregation_in_order query_plan_enable_optimizations
    count_distinct_implementation aggregate_functions_null_for_empty interval_output_format
    empty_result_for_aggregation_by_empty_set enable_materialized_cte http_max_field_name_size
    http_response_buffer_size priority bool_true_representation bool_false_representation format_csv_delimiter
    format_csv_null_representation format_tsv_null_representation
""")
_WRITE = listed("""
    max_partitions_per_insert_block max_insert_threads max_insert_block_size min_insert_block_size_rows
    min_insert_block_size_bytes insert_deduplicate insert_deduplication_token async_insert wait_for_async_insert
    insert_quorum insert_null_as_default mutations_sync alter_sync lightweight_deletes_sync optimize_throw_if_noop
    data_type_default_nullable flatten_nested allow_nullable_key check_query_single_value_result
    allow_suspicious_low_cardinality_types allow_suspicious_variant_types allow_suspicious_primary_key
    allow_suspicious_codecs allow_suspicious_fixed_string_types throw_on_max_partitions_per_insert_block
    async_insert_busy_timeout_ms async_insert_deduplicate async_insert_max_data_size async_insert_busy_timeout_max_ms
    database_atomic_wait_for_drop_and_detach_synchronously max_table_size_to_drop max_partition_size_to_drop
    apply_mutations_on_fly apply_patch_parts lightweight_delete_mode lightweight_mutation_projection_mode
    materialize_ttl_after_modify deduplicate_blocks_in_dependent_materialized_views enable_lightweight_update
    allow_experimental_lightweight_update replication_wait_for_inactive_replica_timeout describe_compact_output
    describe_include_subcolumns database_replicated_enforce_synchronous_settings json_type_escape_dots_in_keys
""")
_FAMILIES = re.compile(
    r"(?:output|input)_format_(?:json|csv|tsv|tsv_|native|arrow|parquet|orc|pretty|decimal|bson|msgpack|markdown|values|"
    r"with_names|null_as|defaults|skip|allow_errors|write_statistics|float|binary|sql_insert|xml|row_binary|try|enable_streaming)_?\w*"
    r"|(?:allow|enable)_experimental_\w+_types?|enable_\w+_types?|allow_experimental_(?:map|json|object|variant|dynamic)\w*"
)
"""Formats' settings and types that clients ask for: they say how values are written."""
_NEVER = frozenset({"input_format_values_interpret_expressions", "input_format_values_deduce_templates_of_expressions"})
"""Expressions among the values of an INSERT would be run without having been judged."""
_TELLING = re.compile(
    r"(?:max_(?:rows|bytes)_to_read|max_memory_usage|(?:read|timeout)_overflow_mode|output_format_write_statistics)"
)
"""By these one finds out how much is read, or is told: of other tenants' rows, too."""
OF_TABLES = listed("""
    index_granularity index_granularity_bytes min_bytes_for_wide_part min_rows_for_wide_part allow_nullable_key
    fsync_after_insert fsync_part_directory non_replicated_deduplication_window enable_block_number_column
    enable_block_offset_column merge_with_ttl_timeout ttl_only_drop_parts max_parts_in_total
    deduplicate_merge_projection_mode lightweight_mutation_projection_mode add_minmax_index_for_numeric_columns
    parts_to_throw_insert parts_to_delay_insert ratio_of_defaults_for_sparse_serialization old_parts_lifetime
""")
"""Settings of a table that a writer may give it: none says where its files lie."""


def may_set(user: User, name: str) -> bool:
    """Whether a user's request may have a setting."""
    if name in _NEVER or (user.is_bound and _TELLING.fullmatch(name)):
        return False
    return name in (_READ | _WRITE if user.writes else _READ) or bool(_FAMILIES.fullmatch(name))


def bounded(user: User, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of a request within the role's bounds: who asks for more than is allowed gets what is allowed."""
    limits = BOUNDS[user.role]
    return {**settings, **{name: str(_least(settings.get(name, ""), limit)) for name, limit in limits.items()}}


def _least(asked: str, limit: int) -> float:
    try:
        number = float(asked) if asked else 0.0
    except ValueError:
        number = 0.0
    if not 0 < number <= limit:
        return limit
    return int(number) if number.is_integer() else number
