"""Which tests are exhaustive: `make test` leaves them out, `make test-all` runs them.

A quick test tells whether a part works. An exhaustive one tries all its forms, real runs of the
harness, other libraries, a browser. Every test is quick unless this page names it; paths begin in
`tests/`. `tiers/test_tiers.py` finds the lines that name nothing any more.
"""

from __future__ import annotations

import re
from itertools import chain

Tests = dict[str, tuple[str, ...]]  # by file
EVERY = ()  # no name: all tests of a file

# Real runs of the harness and of the gate: processes that measure, and environments made.
REAL_RUNS: Tests = {
    "benchmarks/gate/test_gate_against.py": (
        "test_a_command_that_does_much_more_has_regressed",
        "test_a_model_whose_results_changed_is_a_regression",
        "test_a_subfolder_is_measured_in_its_place",
        "test_a_user_s_model_is_traced_and_run_by_each_revision",
        "test_environments_are_made_for_each_revision",
        "test_the_working_tree_is_left_as_it_was",
    ),
    "benchmarks/gate/test_gate_ended.py": (
        "test_a_budget_that_holds_no_verdict_ends_it_with_a_word",
        "test_a_signal_ends_it_and_leaves_nothing",
    ),
    "benchmarks/gate/test_gate_environments.py": (
        "test_a_runtime_is_downloaded_and_compared",
        "test_equals_of_two_environments_are_measured_and_stated",
    ),
    "benchmarks/gate/test_gate_trials.py": (
        "test_a_round_of_real_processes_has_turns_at_every_level",
    ),
    "benchmarks/harness/test_copies.py": (
        "test_real_copies_are_measured_beside_one_and_the_run_goes_on_where_it_stopped",
    ),
    "benchmarks/portable/test_quantized_peers.py": (
        "test_a_peer_says_in_which_precision_it_ran_and_is_right",
        "test_own_integers_are_made_once_and_are_the_saved_program",
        "test_what_cannot_be_made_is_one_line",
        "test_what_tuning_chose_runs_as_it_was_chosen",
    ),
    "serve/test_scale.py": ("test_processes",),
    "serve/test_score.py": (
        "test_a_damaged_part_is_named_and_made_anew",
        "test_another_input_or_option_is_refused",
        "test_children_of_a_killed_command_end",
        "test_killed_at_any_moment_it_goes_on_with_nothing_lost_or_doubled",
    ),
    "serve/server/test_server.py": EVERY,
    "serve/server/test_server_overload.py": EVERY,
    "studies/test_exhaustive_tuning.py": ("test_the_choice_is_compared_with_every_setting",),
    "tuning/test_candidates.py": (
        "test_a_candidate_that_waits_costs_no_time_of_the_processors",
        "test_a_program_for_fixed_sizes_is_a_candidate_too",
        "test_copies_run_side_by_side",
        "test_outputs_of_every_kind",
        "test_streams_are_callers_side_by_side",
        "test_what_crashes_in_the_race_is_out_then",
        "test_what_fails_is_out_with_its_reason",
        "test_what_hangs_is_out_when_patience_ends",
    ),
    "tuning/test_programs.py": (
        "test_what_fails_there_fails_for_all_that_need_it_and_once",
        "test_what_hangs_there_is_out_when_its_time_is_over",
    ),
    "cli/test_cli_tune.py": (
        "test_a_model_is_tuned_on_random_weights_where_they_are_asked_for",
        "test_random_inputs_are_said_to_be",
        "test_several_sets_of_inputs",
    ),
    "tuning/test_tune.py": (
        "test_a_lever_that_a_backend_offers_is_found_and_can_be_typed",
        "test_a_metric_has_every_sample",
        "test_a_folder_that_cannot_be_written_is_no_error",
        "test_a_longer_budget_measures_again_where_the_last_was_used_up",
        "test_a_longer_budget_measures_nothing_again_where_the_last_was_not_used_up",
        "test_a_missing_backend_is_told",
        "test_a_saved_program_of_integers_stays_as_it_is",
        "test_a_slower_one_is_never_chosen",
        "test_another_question_is_not_answered_from_memory",
        "test_auto_chooses_a_precision_for_the_backend_as_asked",
        "test_integers_are_judged_on_what_did_not_settle_them",
        "test_jit_settles_a_precision_on_the_first_call",
        "test_no_process_outlives_the_one_that_tunes",
        "test_rows_of_one_batch_are_divided",
        "test_the_program_that_is_chosen_is_the_one_that_was_judged",
        "test_too_few_samples_settle_and_judge_and_it_says_so",
        "test_the_table_is_kept_with_the_program",
        "test_what_a_metric_decides_is_not_remembered",
        "test_what_is_remembered_in_another_form_is_measured_anew",
        "test_what_is_the_same_in_all_settings_is_typed_too",
        "test_where_all_others_are_inexact_the_default_is_taken_and_it_says_so",
        "test_where_nothing_runs_it_is_an_error",
        "test_where_the_usual_default_fails_the_next_is_it_and_it_says_so",
    ),
    "benchmarks/harness/test_bench.py": (
        "test_a_budget_ends_the_rounds",
        "test_a_result_file_holds_every_variant_with_its_parity",
        "test_a_result_file_is_pytest_benchmarks",
        "test_a_result_file_tells_how_each_process_went",
        "test_a_scenario_says_valid_or_how_many_queries_are_lacking",
        "test_a_stopped_run_goes_on_with_what_it_lacks",
        "test_a_variant_that_fails_is_missing_with_its_last_words",
        "test_an_interruption_keeps_whole_rounds",
        "test_bert_base_in_int8_takes_less_than_0_7_times_its_weights_in_float32",
        "test_bert_base_takes_less_than_1_5_times_its_weights",
        "test_nothing_but_a_missing_gpu_ends_the_run_and_says_what_to_install",
        "test_pairs_alternate_and_their_ratio_has_an_interval",
        "test_peak_memory_is_of_the_process_itself",
        "test_the_operations_of_mobilenet_are_the_published_ones",
    ),
    "benchmarks/harness/test_bench_files.py": EVERY,
    "benchmarks/harness/test_roofline.py": ("test_each_probe_is_a_process_of_its_own",),
    "benchmarks/portable/test_process_main.py": (
        "test_a_failure_is_one_line_and_a_code",
        "test_a_scenario_is_in_the_record",
    ),
    "benchmarks/portable/test_process_scenarios.py": ("test_a_delay_lowers_the_rate",),
    "benchmarks/portable/test_process_watch.py": (
        "test_a_competitor_on_our_processor_is_seen",
        "test_a_system_that_tells_nothing_has_no_bad_window",
    ),
    "benchmarks/portable/test_turns.py": (
        "test_who_waits_is_stopped_and_every_one_gets_its_record",
    ),
    "benchmarks/work/test_workloads.py": ("test_texts_have_one_model_for_all_lengths",),
    "cli/test_cli_encodings.py": ("test_a_real_process_prints_on_every_terminal",),
    "cli/test_cli_errors.py": (
        "test_a_hub_out_of_reach_is_one_line",
        "test_a_real_process_says_the_same",
    ),
    "cli/test_cli_gate.py": ("test_against_a_revision",),
    "cli/test_cli_run.py": (
        "test_a_dash_reads_the_lines_of_standard_input",
        "test_a_plain_bert_compares_by_the_mean_of_its_tokens",
        "test_bf16_is_asked_for_and_close",
        "test_one_text_has_nothing_to_compare_with",
        "test_people_read_the_most_similar_pair_first",
        "test_random_weights_follow_the_seed",
        "test_weights_by_path_are_the_sample_ones",
    ),
    "program/test_travel.py": (
        "test_a_spawned_process",
        "test_a_spawned_process_on_a_runtime",
        "test_cloudpickle_takes_what_a_notebook_defines",
        "test_one_file_written_and_read_by_processes_at_once",
    ),
    "studies/test_agreement.py": (
        "test_a_repetition_is_a_process_of_each_and_who_begins_alternates",
        "test_a_time_that_benchmark_app_rounds_too_much_is_an_error",
        "test_each_tool_times_the_prepared_model",
    ),
    "studies/test_calls.py": ("test_every_way_of_running_texts_is_compared_with_padding",),
    "studies/test_processes.py": ("test_processes_side_by_side_give_a_file",),
    "studies/test_apart.py": ("test_the_suite_runs_and_a_second_call_measures_nothing_again",),
    "studies/test_trust.py": ("test_a_study_of_real_processes_goes_on_where_it_was",),
    "serve/repository/test_repository_configs.py": (
        "test_a_manifest_has_the_fields_that_kserve_has",
        "test_every_field_is_one_that_triton_knows",
        "test_model_server_knows_every_key",
    ),
    "serve/repository/test_repository_tree.py": ("test_processes_at_once_each_add_their_own",),
    "serve/repository/test_triton_core.py": EVERY,
    "test_installation.py": (
        "test_a_saved_program_runs_on_random_input",
        "test_doctor_works_and_tells_which_extras_are_here",
        "test_the_catalogue_is_listed_and_a_model_exported_as_ir",
        "test_two_files_are_gated",
    ),
}

# Whole sessions of pytest.
SESSIONS: Tests = {
    "benchmarks/gate/test_gate_plugin.py": (
        "test_a_failing_test_stays_a_failure",
        "test_a_file_of_another_kind_is_refused",
        "test_a_file_that_cannot_be_written_is_told_beside_the_verdict",
        "test_a_file_without_raw_times_is_judged_and_the_option_told",
        "test_a_missing_benchmark_is_refused",
        "test_a_session_that_measures_nothing_is_an_error",
        "test_another_machine_is_refused_by_its_fields",
        "test_margins_are_those_of_the_project",
        "test_strict_fails_what_is_inconclusive",
        "test_verdicts_are_written",
        "test_without_pytest_benchmark_only_the_option_is_an_error",
    ),
    "benchmarks/gate/test_gate_pytest_suite.py": (
        "test_a_suite_may_print_and_read_standard_input",
        "test_arguments_that_pytest_refuses",
        "test_extra_info_holds_the_other_metrics",
        "test_named_benchmarks_alone_run_in_later_rounds",
        "test_pedantic_rounds_and_a_timer_of_the_suites_own_are_measured",
        "test_settings_that_switch_benchmarks_off_are_overruled",
        "test_what_fails_is_told_by_its_last_words",
        "test_who_waits_is_stopped_with_its_own_processes",
    ),
    "reports/outputs/test_large_reports.py": (
        "test_files_of_ten_thousand_have_all_and_pages_can_be_opened",
    ),
    "reports/files/test_reports_results.py": ("test_a_real_pytest_benchmark_file_is_read",),
}

# A browser.
BROWSER: Tests = {
    "benchmarks/gate/test_gate_page.py": (
        "test_a_verdict_and_words_filter_the_rows",
        "test_bars_are_seen_and_sort_by_how_much_worse",
        "test_pictures_for_the_eye",
        "test_the_page_opens_quietly_and_readable",
    ),
    "reports/outputs/test_page_in_a_browser.py": EVERY,
}

# Other libraries.
LIBRARIES: Tests = {
    "consumers/test_consumers.py": EVERY,
    "consumers/test_traced_pipeline.py": (
        "test_predict_is_traced_for_any_number_of_rows",
        "test_the_example_runs",
        "test_the_pipeline_is_fitted_on_a_namespace",
    ),
}

# Large files, long programs, many draws of chance, damage at every byte.
LARGE: Tests = {
    "benchmarks/gate/test_gate_hostile.py": (
        "test_a_bad_base_is_as_bad",
        "test_a_million_times_are_read",
        "test_a_node_of_anything_else",
        "test_a_node_that_is_gone",
    ),
    "benchmarks/gate/test_gate_markdown.py": (
        "test_the_summary_is_appended_and_stays_below_a_mebibyte",
    ),
    "benchmarks/gate/test_gate_page.py": (
        "test_ten_thousand_benchmarks_fit_and_the_rest_is_counted",
    ),
    "benchmarks/gate/test_gate_statistics.py": (
        "test_a_change_as_large_as_the_margin_is_called_at_the_rate_claimed",
    ),
    "benchmarks/portable/test_process_early_stopping.py": (
        "test_bounds_are_above_the_percentile_as_often_as_they_claim",
    ),
    "graph/test_graph.py": (
        "test_deep_composites_expand_without_recursion",
        "test_deep_graphs_pass_every_pass",
        "test_order_is_iterative",
    ),
    "models/test_models_images.py": ("test_a_bomb_is_refused",),
    "models/test_models_pickled.py": (
        "test_a_flipped_byte_gives_arrays_or_file_error",
        "test_a_key_nested_too_deep_to_hash_is_refused",
    ),
    "models/test_models_quantized.py": EVERY,
    "onnx/test_large_files.py": EVERY,
    "program/test_changed_arrays.py": ("test_compiling_does_not_copy_the_weights",),
    "program/test_many_threads.py": ("test_sixty_four_threads",),
    "program/test_scaling.py": (
        "test_a_deep_program_is_explained_and_costed",
        "test_a_deep_program_runs",
        "test_onnx_runtime_is_told_named_sizes_of_long_programs_and_equal_numbers_once",
        "test_a_deep_program_has_a_gradient",
        "test_a_program_in_pieces_is_the_same",
        "test_a_deep_program_is_exported",
        "test_a_deep_program_is_saved_and_read",
        "test_cost_and_explanation_are_linear",
        "test_files_are_linear",
        "test_gradients_are_linear",
        "test_models_are_one_segment_however_deep",
        "test_models_of_the_runtimes_are_made_in_linear_work",
        "test_the_passes_are_linear",
    ),
    "program/test_cache.py": ("test_kills_while_programs_are_kept_load_none_that_is_wrong",),
    "system/test_system_store.py": (
        "test_kills_at_any_moment_and_writers_at_once_leave_whole_entries",
    ),
    "reports/files/test_store.py": (
        "test_a_kill_at_any_moment_loses_nothing_that_was_written",
        "test_writers_at_the_same_time_lose_nothing",
    ),
    "reports/outputs/test_reports_page.py": (
        "test_plots_are_written_beside_the_page",
        "test_every_plot_has_words_for_those_who_cannot_see_it",
        "test_tags_are_closed_and_anchors_exist_once",
        "test_the_policy_allows_this_script_and_no_other",
        "test_the_verdict_is_first_and_the_environment_last",
        "test_twenty_workloads_under_twelve_variants_fit_into_a_mail",
        "test_what_is_not_drawn_has_its_reason",
    ),
    "reports/tables/test_reports_history.py": ("test_without_a_history_nothing_is_said_of_it",),
    "reports/plots/test_reports_plots.py": (
        "test_ids_of_one_page_do_not_collide",
        "test_plots_are_the_same_every_time",
        "test_svg_has_colours_by_name_text_as_text_and_no_address",
    ),
    "reports/stats/test_reports_coverage.py": ("test_an_interval_of_the_same_with_itself_holds_1",),
    "rewrite/test_gradient.py": ("test_a_long_chain",),
}

# All numbers, and whether a runtime has mended what Isthmus works around.
ALL_NUMBERS: Tests = {
    "np/test_elementwise.py": ("test_accuracy_over_all_of_float32",),
    "program/test_fused_pairs.py": EVERY,
    "program/test_numerics.py": ("test_the_host_says_why", "test_the_runtime_still_differs"),
    "rewrite/test_canonical.py": ("test_fast_numerics_take_every_kernel_there_is",),
}

# What quick tests show on NumPy, on the runtimes as well.
RUNTIMES: Tests = {
    "np/test_empty_batches.py": ("test_batches_of_nothing_on_runtimes",),
    "np/test_whole_numbers.py": ("test_compiled_saved_and_held",),
    "trace/test_eager_and_traced.py": ("test_compiled_calls_of_every_dtype",),
}

# The tiers themselves: a collection of everything.
TIERS: Tests = {
    "tiers/test_tiers.py": ("test_every_quick_form_is_collected",),
}

KINDS = (REAL_RUNS, SESSIONS, BROWSER, LIBRARIES, LARGE, ALL_NUMBERS, RUNTIMES, TIERS)

# Tests of many forms, and the forms that are quick: an expression that the whole name in
# brackets matches. The other forms are exhaustive.
QUICK_FORMS = {
    "benchmarks/gate/test_gate_markdown.py": {
        "test_a_comment_keeps_githubs_limit": r".*-(?!10000$).*",
    },
    "benchmarks/gate/test_gate_plugin.py": {
        "test_the_session_fails_where_a_benchmark_is_slower": r"(1|1\.4)-arguments[01].*",
    },
    "benchmarks/gate/test_gate_pytest_suite.py": {
        "test_turns_tell_how_much_slower_head_is": r"0\.0015",
    },
    "benchmarks/portable/test_process_main.py": {
        "test_every_opener_computes_the_same_and_says_what_ran": r"numpy|on_isthmus",
    },
    "benchmarks/work/test_workloads.py": {
        "test_no_two_samples_are_the_same": r"(bert-base-16|mobilenet).*",
    },
    "cli/test_cli.py": {
        "test_a_reader_that_has_gone_is_no_verdict": (r"models|gate files r\.json r\.json"),
    },
    "cli/test_cli_errors.py": {
        "test_a_bad_command_line": r"\S+( \S+){,3}",
    },
    "cli/test_cli_run.py": {
        "test_labels_are_those_of_the_photographs": r"cpu",
        "test_similarities_are_those_of_numpy": r"cpu",
    },
    "consumers/test_traced_pipeline.py": {
        "test_other_estimators_are_traced": r"(StandardScaler|LogisticRegression)-n",
    },
    "docs/test_docstrings.py": {
        "test_examples_run": r"(?!isthmus\.reports\.write).*",
    },
    "eager/test_namespace.py": {
        "test_a_program_is_compiled_once_for_operator_types_and_attributes": r"gpu",
    },
    "gpu_backend/test_gpu_backend.py": {
        "test_named_sizes_give_the_same": r".*-0",
    },
    "models/test_models.py": {
        "test_costs_the_published_number_of_operations": r"(mobile|resnet|efficientnet-b0).*",
    },
    "models/test_models_golden.py": {
        "test_a_network_that_is_a_little_different_is_told_apart": r"(mobile|efficient)net-.*",
        "test_equals_the_original": (
            r".*(minilm-l6-none|resnet-18-v1\.5|mobilenet-v2-0\.5|mobilenet-v3-small|vgg-11-bn"
            r"|efficientnet-b0-same|efficientnet-lite0)-(numpy|cpu|gpu)"
        ),
    },
    "np/test_discovered.py": {
        "test_programs": r".*-(mean|mask|unique|running sum|counts)-named",
    },
    "np/test_order.py": {
        "test_functions_of_one_array": r".*-(float32|int32)",
        "test_functions_of_several_arrays_compiled": r"gpu-.*",
    },
    "np/test_shapes.py": {
        "test_compiled": r"gpu-.*",
    },
    "npx/test_control_flow.py": {
        "test_traced_is_eager": r"(numpy|gpu)-.*",
    },
    "program/test_foreign_arrays.py": {
        "test_a_constant_has_its_elements": r".*-(float32|int64)",
        "test_an_input_has_its_elements": r".*-(float32|int64)",
    },
    "program/test_kernels.py": {
        "test_a_file_that_is_no_library": r"10-gpu",
        "test_a_kernel_computes_what_the_body_computes": r".*-gpu|\('n', 3\)-cpu",
        "test_a_kernel_that_is_wrong": r"(OtherNumbers|Crashing|Absent)-.*",
        "test_half_precision_leaves_the_kernel_in_float32": r"gpu",
        "test_kernels_are_checked_on_operands_that_are_given": r"gpu",
        "test_large_arrays_other_sizes_and_no_elements": r"gpu",
        "test_the_same_kernel_is_refused_again": r"gpu",
    },
    "program/test_long_sums.py": {
        "test_mean": r"(?!16777216).*",
        "test_whatever_adds": r"(rows|columns|einsum|softmax|in a loop)-.*",
    },
    "program/test_quantized.py": {
        "test_samples_by_name_by_position_and_in_another_order": r"(?!cpu).*",
    },
    "program/test_unchanged.py": {
        "test_other_sizes_at_every_call": r"gpu-.*",
        "test_what_is_unchanged_arrives_unchanged": r"gpu-.*",
    },
    "onnx/test_onnx_nodes.py": {"test_cases_are_what_they_were": r"numpy-0"},
    "onnx/test_onnx_programs.py": {
        "test_a_model_exported_and_read_back_is_the_model": (r"mobilenet-v3-small.*"),
    },
    "rewrite/test_canonical.py": {
        "test_a_long_chain_of_one_kind_is_the_same_graph": r"quotients|twice",
    },
    "rewrite/test_control_flow_gradient.py": {
        "test_a_gradient_through_a_scan_runs_on_the_runtimes": r"gpu",
    },
    "rewrite/test_gradient.py": {
        "test_gradient_equals_differences": (
            r"(?!npx\.(average_pool|biased_convolution|convolution|max_pool)$).*"
        ),
    },
    "rewrite/test_long_integer_sums.py": {
        "test_a_sum_beyond_32_bits_is_of_floats": r"(cpu|gpu).*dense",
        "test_groups_whose_results_are_far_beyond_the_next_range": r"cpu-None-(2|3|4)-(3|4)",
        "test_weights_below_what_float16_divides_stay_in_float32": r"numpy.*",
    },
    "test_installation.py": {
        "test_a_call_whose_extra_is_missing_says_which": r"im\.export.*",
        "test_a_verb_whose_extra_is_missing_says_which": r"report.*",
    },
    "trace/test_operators.py": {
        "test_backend_equals_body": r".*-fused|gpu-.*-others",
        "test_backend_equals_body_for_named_sizes": (
            r"gpu-(np\.(add|argmax|concat|full|getitem|matmul|mean|pad|reshape|sum|take|where)"
            r"|npx\..*)"
        ),
        "test_special_values": r".*-float32",
    },
    "trace/test_presentations.py": {
        "test_compiled": r"np\.(add|matmul|mean|take|where)",
        "test_in_a_namespace": r"np\.(add|matmul|mean|take|where)",
    },
    "trace/test_properties.py": {
        "test_eager": r"np\.(add|matmul|mean|sort|take|where)-.*",
        "test_compiled_of_known_sizes": (
            r"np\.(add|floor_divide|matmul|max|mean|sort|take|where)-.*"
        ),
    },
}


def is_exhaustive(test: str) -> bool:
    """Whether a test is exhaustive: `np/test_order.py::test_quantiles[float32-quantile]`."""
    function, _, form = test.partition("[")
    path, _, name = function.partition("::")
    if any(path in kind and (name in kind[path] or not kind[path]) for kind in KINDS):
        return True
    quick = QUICK_FORMS.get(path, {}).get(name)
    return quick is not None and not re.fullmatch(quick, form.removesuffix("]"))


def has_none_quick(path: str) -> bool:
    """Whether all tests of a file are exhaustive."""
    return any(kind.get(path) == EVERY for kind in KINDS)


def named() -> set[tuple[str, str]]:
    """Every file and test that this page names; the test is empty for all of a file."""
    kinds = chain.from_iterable(kind.items() for kind in KINDS)
    forms = {(path, name) for path, names in QUICK_FORMS.items() for name in names}
    return forms | {(path, name) for path, names in kinds for name in names or ("",)}
