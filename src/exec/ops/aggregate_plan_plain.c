// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plan_plain.c - whether there is a plain form, and where key and steps are in its rows.
 */
#include "exec/ops/aggregate_plan_internal.h"

static int32_t plan_plain_key_words(const struct sb_aggregate *aggregate)
{
    int32_t words = 0;

    for (int32_t k = 0; k < aggregate->key_count; k++) {
        words += sb_plain_key_width(aggregate->state_layout.fields[k].kind);
    }
    return aggregate->key_count == 1 && words == 1 ? 0 : words;
}

static bool plan_is_plain(const struct sb_aggregate *aggregate)
{
    if (aggregate->key_count == 0 || aggregate->step_count > SB_PLAIN_STEPS_MAX ||
        aggregate->emits_updates || plan_plain_key_words(aggregate) > SB_PLAIN_KEY_WORDS_MAX) {
        return false;
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        const struct sb_aggregate_step *step = &aggregate->steps[s];
        if (step->kind > SB_STEP_MOMENTS ||
            (!sb_step_is_count(step->kind) && sb_row_kind_words(step->arg_kind) != 1)) {
            return false;
        }
    }
    return true;
}

static int32_t plan_plain_arg(struct sb_aggregate *aggregate, int32_t arg)
{
    int32_t a = 0;

    while (a < aggregate->plain_arg_count && aggregate->plain_args[a] != arg) {
        a++;
    }
    if (a == aggregate->plain_arg_count) {
        aggregate->plain_args[aggregate->plain_arg_count++] = arg;
    }
    return a;
}

/* The plain step of a step: of all counts the same one. */
static int32_t plan_plain_step(struct sb_aggregate *aggregate, const struct sb_aggregate_step *step)
{
    bool is_count = sb_step_is_count(step->kind);
    int32_t first_word = 1 + aggregate->plain_key_words;
    int32_t raw_word = is_count ? -1 : first_word + plan_plain_arg(aggregate, step->arg);
    enum sb_step_kind kind = is_count ? SB_STEP_COUNT_ROWS : step->kind;
    int32_t p = 0;

    while (p < aggregate->plain_step_count && (aggregate->plain_steps[p].kind != kind ||
                                               aggregate->plain_steps[p].raw_word != raw_word)) {
        p++;
    }
    if (p == aggregate->plain_step_count) {
        aggregate->plain_steps[aggregate->plain_step_count++] = (struct sb_plain_step){
            .kind = kind,
            .arg_kind = is_count ? SB_ROW_INT : step->arg_kind,
            .raw_word = raw_word,
        };
    }
    return p;
}

/* Brings plain steps into the order of sb_fused_rank, which gives each its word. */
static void plan_plain_order(struct sb_aggregate *aggregate)
{
    struct sb_plain_step sorted[SB_PLAIN_STEPS_MAX];
    int32_t place[SB_PLAIN_STEPS_MAX];
    int32_t count = 0;
    int32_t word = 1 + aggregate->plain_key_words;

    for (int32_t rank = 0; rank < SB_FUSED_RANK_COUNT; rank++) {
        for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
            if (sb_fused_rank(&aggregate->plain_steps[p]) == rank) {
                place[p] = count;
                sorted[count] = aggregate->plain_steps[p];
                sorted[count].word = word;
                word += sb_plain_width(&sorted[count]);
                count++;
            }
        }
    }
    sb_assert(count == aggregate->plain_step_count);
    memcpy(aggregate->plain_steps, sorted, sizeof *sorted * (size_t)count);
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        aggregate->steps[s].plain = place[aggregate->steps[s].plain];
    }
    aggregate->fused_pattern = sb_fused_pattern(sorted, count);
}

static enum sb_status plan_plain_layouts(struct sb_aggregate *aggregate, struct sb_error *err)
{
    bool has_hash = aggregate->plain_key_words > 0;
    int32_t key_fields = has_hash ? aggregate->plain_key_words : 1;
    size_t words_max = 1 + (size_t)key_fields + 3 * (size_t)aggregate->step_count;
    enum sb_row_kind *kinds = sb_arena_alloc(&aggregate->arena, sizeof *kinds * words_max);
    struct sb_row_layout_options options = {
        .kinds = kinds, .key_count = key_fields, .has_hash = has_hash};

    aggregate->plain_initial_row =
        sb_arena_alloc_zeroed(&aggregate->arena, sizeof *aggregate->plain_initial_row * words_max);
    if (kinds == NULL || aggregate->plain_initial_row == NULL) {
        return sb_aggregate_plan_no_memory(err);
    }
    for (size_t w = 0; w < words_max; w++) {
        kinds[w] = SB_ROW_INT; // a word is a word
    }
    if (has_hash) {
        aggregate->plain_initial_row[aggregate->plain_mark_word] = SB_PLAIN_FRESH;
    } else {
        kinds[0] = aggregate->state_layout.fields[0].kind;
    }
    options.field_count = key_fields;
    for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
        const struct sb_plain_step *step = &aggregate->plain_steps[p];
        sb_assert(step->word == options.field_count + has_hash);
        aggregate->plain_initial_row[step->word] = sb_plain_initial(step);
        options.field_count += sb_plain_width(step);
    }
    SB_TRY_RETURN(sb_row_layout_init(&aggregate->plain_state, aggregate->op.memory, &options, err));
    options.field_count = key_fields + aggregate->plain_arg_count;
    return sb_row_layout_init(&aggregate->plain_raw, aggregate->op.memory, &options, err);
}

static void plan_plain_keys(struct sb_aggregate *aggregate)
{
    int32_t word = 1;

    aggregate->plain_key_words = plan_plain_key_words(aggregate);
    aggregate->plain_mark_word = sb_plain_key_width(aggregate->state_layout.fields[0].kind);
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        aggregate->plain_key_word[k] = aggregate->plain_key_words == 0 ? 0 : word;
        word += sb_plain_key_width(aggregate->state_layout.fields[k].kind);
    }
}

enum sb_status sb_aggregate_plan_plain(struct sb_aggregate *aggregate, struct sb_error *err)
{
    size_t step_count = (size_t)aggregate->step_count;

    aggregate->is_plain = plan_is_plain(aggregate);
    if (!aggregate->is_plain) {
        return SB_OK;
    }
    aggregate->plain_args =
        sb_arena_alloc(&aggregate->arena, sizeof *aggregate->plain_args * step_count);
    aggregate->plain_steps =
        sb_arena_alloc(&aggregate->arena, sizeof *aggregate->plain_steps * step_count);
    aggregate->plain_key_word = sb_arena_alloc(
        &aggregate->arena, sizeof *aggregate->plain_key_word * (size_t)aggregate->key_count);
    if (aggregate->plain_args == NULL || aggregate->plain_steps == NULL ||
        aggregate->plain_key_word == NULL) {
        return sb_aggregate_plan_no_memory(err);
    }
    plan_plain_keys(aggregate);
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        aggregate->steps[s].plain = plan_plain_step(aggregate, &aggregate->steps[s]);
    }
    plan_plain_order(aggregate);
    return plan_plain_layouts(aggregate, err);
}
