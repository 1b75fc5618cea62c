// SPDX-License-Identifier: Apache-2.0
/*
 * stream_join_group.c - a key group: rows come in, meet the other side's, and go again.
 *
 * The ledger: a stored row is held. A left row is no longer held from its first match on (it is
 * that output row; further ones are added). When rows go, a right row that had a match is merged
 * into what came out, a row that had none came out by itself or is filtered.
 */
#include "exec/ops/stream_join_internal.h"

enum { CHUNK = 256 }; // rows to look up at a time

/* What became of the rows of one hook. */
struct stream_count {
    int64_t entries[SB_LEDGER_COUNT];
};

/* One hook at work. */
struct stream_work {
    struct sb_stream_join *join;
    struct sb_stream_group *group;
    struct sb_stream_output *output;
    struct sb_op_ctx *ctx;
    struct stream_count counted;
};

enum sb_status sb_stream_group_create(struct sb_op *op, int32_t group_index, struct sb_op_ctx *ctx,
                                      void **out)
{
    struct sb_stream_join *join = sb_stream_join_from(op);
    struct sb_stream_group *group = sb_memory_alloc_zeroed(op->memory, sizeof *group);

    if (group == NULL) {
        return sb_error_no_memory(ctx->error, "a key group", (int64_t)sizeof *group);
    }
    for (int32_t s = 0; s < 2; s++) {
        sb_stream_rows_init(&group->sides[s], op->memory, join->sides[s].layout.row_words);
    }
    group->watermark = sb_stream_join_watermark(join, ctx->watermark_us);
    *out = group;
    return SB_OK;
}

void sb_stream_group_destroy(struct sb_op *op, void *state)
{
    struct sb_stream_group *group = state;

    sb_stream_rows_deinit(&group->sides[SB_LEFT]);
    sb_stream_rows_deinit(&group->sides[SB_RIGHT]);
    sb_memory_free(op->memory, group, sizeof *group);
}

static enum sb_status work_begin(struct stream_work *work, struct sb_op *op, void *group,
                                 struct sb_op_ctx *ctx)
{
    *work = (struct stream_work){.join = sb_stream_join_from(op), .group = group, .ctx = ctx};
    return sb_stream_output_get(work->join, ctx, &work->output);
}

static enum sb_status work_end(struct stream_work *work, enum sb_status status)
{
    if (status == SB_OK) {
        status = sb_stream_output_emit(work->output, work->ctx);
    }
    if (status != SB_OK) {
        sb_stream_output_reset(work->output);
    }
    for (int32_t e = 0; e < SB_LEDGER_COUNT; e++) {
        if (work->counted.entries[e] != 0) {
            sb_op_count(work->ctx, (enum sb_ledger_entry)e, work->counted.entries[e]);
        }
    }
    return status;
}

// --- keys ----------------------------------------------------------------------------------------

static uint64_t key_null_bits(const struct sb_row_layout *layout, const uint64_t *words, int32_t k)
{
    const struct sb_row_field *field = &layout->fields[k];

    return words[field->null_word] & field->null_bit;
}

/* Keys of both sides lie at the same words; what differs is what follows them. */
static bool keys_equal(const struct sb_stream_join *join, const uint64_t *left,
                       const uint64_t *right)
{
    const struct sb_row_layout *layout = &join->sides[SB_LEFT].layout;

    if (join->has_text_keys) {
        for (int32_t k = 0; k < join->key_count; k++) {
            const struct sb_row_field *field = &layout->fields[k];
            size_t size = sizeof *left * (size_t)sb_row_kind_words(field->kind);
            if (field->kind == SB_ROW_TEXT
                    ? !sb_text_equal(left + field->word, right + field->word)
                    : memcmp(left + field->word, right + field->word, size) != 0) {
                return false;
            }
        }
    } else {
        const uint64_t *a = left + layout->fields[0].word;
        const uint64_t *b = right + layout->fields[0].word;
        for (int32_t w = 0; w < join->key_words; w++) {
            if (a[w] != b[w]) {
                return false;
            }
        }
    }
    for (int32_t k = 0; join->nulls_equal && k < join->key_count; k++) {
        if (key_null_bits(layout, left, k) !=
            key_null_bits(&join->sides[SB_RIGHT].layout, right, k)) {
            return false;
        }
    }
    return true;
}

static bool is_near(const struct sb_stream_join *join, int64_t a, int64_t b)
{
    uint64_t distance =
        a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a; // does not overflow

    return join->within < 0 || distance <= (uint64_t)join->within;
}

/* The buckets a row is in and looks into. */
struct stream_buckets {
    int64_t own;
    int64_t low;
    int64_t high;
};

static struct stream_buckets buckets_of(const struct sb_stream_join *join, int64_t time)
{
    struct stream_buckets buckets = {0};
    int64_t rest;

    if (join->within >= 0) {
        buckets.own = time / join->bucket;
        rest = time % join->bucket;
        if (rest < 0) {
            rest += join->bucket;
            buckets.own--;
        }
        buckets.low = buckets.own - (rest < join->within);
        buckets.high = buckets.own + (rest >= join->bucket - join->within);
    }
    return buckets;
}

static inline uint64_t bucket_hash(uint64_t key_hash, int64_t bucket)
{
    return sb_hash_combine(key_hash, (uint64_t)bucket);
}

// --- rows come in --------------------------------------------------------------------------------

/* A row that had no match so far has one. */
static void left_match(struct stream_work *work, struct sb_stream_row *left)
{
    enum sb_join_kind kind = work->join->kind;

    if (left->is_matched == 0) {
        left->is_matched = 1;
        work->counted.entries[SB_LEDGER_HELD]--;
        work->counted.entries[SB_LEDGER_FILTERED] += kind == SB_JOIN_ANTI;
    } else {
        work->counted.entries[SB_LEDGER_ADDED]++;
    }
}

static enum sb_status pair_emit(struct stream_work *work, struct sb_stream_row *left,
                                struct sb_stream_row *right)
{
    bool is_existence = sb_join_is_existence(work->join->kind);

    right->is_matched = 1;
    if (is_existence && left->is_matched != 0) {
        return SB_OK;
    }
    left_match(work, left);
    if (work->join->kind == SB_JOIN_ANTI) {
        return SB_OK;
    }
    return sb_stream_output_add(work->output, left->words, is_existence ? NULL : right->words, NULL,
                                work->ctx);
}

/* Joins a row to those of the other side in one bucket. */
static enum sb_status row_meet(struct stream_work *work, int32_t side, struct sb_stream_row *row,
                               uint64_t hash)
{
    const struct sb_stream_join *join = work->join;
    struct sb_stream_rows *others = &work->group->sides[!side];
    struct sb_stream_row *other;

    if (others->row_count == 0) {
        return SB_OK;
    }
    for (other = *sb_stream_rows_slot(others, hash); other != NULL; other = other->next) {
        struct sb_stream_row *left = side == SB_LEFT ? row : other;
        struct sb_stream_row *right = side == SB_LEFT ? other : row;

        if (other->hash == hash && is_near(join, row->time, other->time) &&
            keys_equal(join, left->words, right->words)) {
            SB_TRY_RETURN(pair_emit(work, left, right));
        }
    }
    return SB_OK;
}

static enum sb_status row_apply(struct stream_work *work, int32_t side, const uint64_t *words,
                                const uint8_t *base)
{
    struct sb_stream_join *join = work->join;
    const struct sb_row_layout *layout = &join->sides[side].layout;
    uint64_t key_hash = words[layout->hash_word];
    int64_t time = (int64_t)words[layout->fields[join->key_count].word];
    struct stream_buckets buckets = buckets_of(join, time);
    bool has_expiry = join->is_endless && join->keep >= 0;
    struct sb_stream_row *row;

    if (has_expiry && time < work->group->watermark) {
        work->counted.entries[SB_LEDGER_LATE]++;
        return SB_OK;
    }
    SB_TRY_RETURN(sb_stream_rows_add(&work->group->sides[side], layout, words, base,
                                     bucket_hash(key_hash, buckets.own), time, has_expiry, &row,
                                     work->ctx->error));
    work->counted.entries[SB_LEDGER_HELD]++;
    for (int64_t bucket = buckets.low; bucket <= buckets.high; bucket++) {
        SB_TRY_RETURN(row_meet(work, side, row, bucket_hash(key_hash, bucket)));
    }
    return SB_OK;
}

/* Slots of a chunk's rows on their way to the cache. */
static void rows_prefetch(const struct stream_work *work, int32_t side, const uint64_t *words,
                          int32_t row_words, int64_t count)
{
    const struct sb_stream_join *join = work->join;
    const struct sb_row_layout *layout = &join->sides[side].layout;
    int32_t time_word = layout->fields[join->key_count].word;

    for (int64_t i = 0; i < count; i++, words += row_words) {
        int64_t own = buckets_of(join, (int64_t)words[time_word]).own;
        uint64_t hash = bucket_hash(words[layout->hash_word], own);
        __builtin_prefetch(sb_stream_rows_slot(&work->group->sides[side], hash), 1);
        if (work->group->sides[!side].slot_count > 0) {
            __builtin_prefetch(sb_stream_rows_slot(&work->group->sides[!side], hash));
        }
    }
}

static enum sb_status block_apply(struct stream_work *work, int32_t side, struct sb_block *block)
{
    const struct sb_row_block *header = sb_row_block(block);
    struct sb_stream_rows *rows = &work->group->sides[side];

    for (int64_t first = 0; first < block->row_count; first += CHUNK) {
        int64_t count = block->row_count - first;
        const uint64_t *words = header->rows + first * header->row_words;

        count = count < CHUNK ? count : CHUNK;
        SB_TRY_RETURN(sb_stream_rows_reserve(rows, count, work->ctx->error));
        rows_prefetch(work, side, words, header->row_words, count);
        for (int64_t i = 0; i < count; i++) {
            SB_TRY_RETURN(row_apply(work, side, words + i * header->row_words, block->data));
        }
    }
    return SB_OK;
}

/* Rows that match nothing come out at once. */
static enum sb_status nevers_apply(struct stream_work *work, int32_t side, struct sb_block *block)
{
    const struct sb_row_block *header = sb_row_block(block);
    const struct sb_row_layout *layout = &work->join->sides[side].layout;
    const struct sb_row_field *time = &layout->fields[work->join->key_count];
    bool may_be_late = work->join->is_endless && work->join->keep >= 0;

    for (int64_t i = 0; i < block->row_count; i++) {
        const uint64_t *words = header->rows + i * header->row_words;

        if (may_be_late && !sb_row_is_null(time, words) &&
            (int64_t)words[time->word] < work->group->watermark) {
            work->counted.entries[SB_LEDGER_LATE]++;
            continue;
        }
        SB_TRY_RETURN(sb_stream_output_add(work->output, side == SB_LEFT ? words : NULL,
                                           side == SB_LEFT ? NULL : words, block->data, work->ctx));
    }
    return sb_stream_output_settle(work->output, work->ctx); // while the block is there
}

enum sb_status sb_stream_on_block(struct sb_op *op, void *group, struct sb_block *block,
                                  struct sb_op_ctx *ctx)
{
    int32_t format = sb_row_block(block)->format;
    struct stream_work work;
    enum sb_status status;

    status = work_begin(&work, op, group, ctx);
    if (status == SB_OK) {
        status = work_end(&work, format < SB_STREAM_LEFT_NEVER
                                     ? block_apply(&work, format, block)
                                     : nevers_apply(&work, format - SB_STREAM_LEFT_NEVER, block));
    }
    sb_block_destroy(op->memory, block);
    return status;
}

enum sb_status sb_stream_group_store(struct sb_stream_join *join, struct sb_stream_group *group,
                                     int32_t side, struct sb_block *block, const uint64_t *matched,
                                     struct sb_error *err)
{
    const struct sb_row_block *header = sb_row_block(block);
    const struct sb_row_layout *layout = &join->sides[side].layout;
    bool has_expiry = join->is_endless && join->keep >= 0;

    SB_TRY_RETURN(sb_stream_rows_reserve(&group->sides[side], block->row_count, err));
    for (int64_t i = 0; i < block->row_count; i++) {
        const uint64_t *words = header->rows + i * header->row_words;
        int64_t time = (int64_t)words[layout->fields[join->key_count].word];
        uint64_t hash = bucket_hash(words[layout->hash_word], buckets_of(join, time).own);
        struct sb_stream_row *row;

        SB_TRY_RETURN(sb_stream_rows_add(&group->sides[side], layout, words, block->data, hash,
                                         time, has_expiry, &row, err));
        row->is_matched = matched[i];
    }
    return SB_OK;
}

// --- rows go -------------------------------------------------------------------------------------

/* A row that meets nothing any more: it comes out, or has been of use, or not. */
static enum sb_status row_leave(struct stream_work *work, int32_t side,
                                const struct sb_stream_row *row)
{
    int64_t *entries = work->counted.entries;

    if (row->is_matched != 0 && side == SB_LEFT) {
        return SB_OK; // it left the books with its first match
    }
    entries[SB_LEDGER_HELD]--;
    if (row->is_matched != 0) {
        entries[SB_LEDGER_MERGED]++;
        return SB_OK;
    }
    if (!work->join->sides[side].is_kept) {
        entries[SB_LEDGER_FILTERED]++;
        return SB_OK;
    }
    return sb_stream_output_add(work->output, side == SB_LEFT ? row->words : NULL,
                                side == SB_LEFT ? NULL : row->words, NULL, work->ctx);
}

/* Rows whose time the watermark has passed by what they are kept for. */
static enum sb_status side_expire(struct stream_work *work, int32_t side)
{
    struct sb_stream_rows *rows = &work->group->sides[side];
    struct sb_stream_row *gone[CHUNK];
    int64_t before;
    int64_t count;

    if (__builtin_sub_overflow(work->group->watermark, work->join->keep, &before)) {
        return SB_OK;
    }
    do {
        for (count = 0; count < CHUNK; count++) {
            gone[count] = sb_stream_rows_expire(rows, before);
            if (gone[count] == NULL) {
                break;
            }
            SB_TRY_RETURN(row_leave(work, side, gone[count]));
        }
        SB_TRY_RETURN(sb_stream_output_settle(work->output, work->ctx));
        for (int64_t i = 0; i < count; i++) {
            sb_stream_rows_remove(rows, gone[i]);
        }
    } while (count == CHUNK);
    return SB_OK;
}

enum sb_status sb_stream_on_watermark(struct sb_op *op, void *state, int64_t watermark_us,
                                      struct sb_op_ctx *ctx)
{
    struct sb_stream_group *group = state;
    struct stream_work work;
    enum sb_status status;

    SB_TRY_RETURN(work_begin(&work, op, group, ctx));
    group->watermark = sb_stream_join_watermark(work.join, watermark_us);
    if (work.join->keep < 0) {
        return SB_OK;
    }
    status = side_expire(&work, SB_LEFT);
    if (status == SB_OK) {
        status = side_expire(&work, SB_RIGHT);
    }
    return work_end(&work, status);
}

static enum sb_status side_leave(struct stream_work *work, int32_t side)
{
    struct sb_stream_row *rows[CHUNK];
    struct sb_stream_walk walk = {0};
    int64_t count;

    while ((count = sb_stream_rows_next(&work->group->sides[side], &walk, CHUNK, rows)) > 0) {
        for (int64_t i = 0; i < count; i++) {
            SB_TRY_RETURN(row_leave(work, side, rows[i]));
        }
    }
    return SB_OK;
}

enum sb_status sb_stream_on_end(struct sb_op *op, void *group, struct sb_op_ctx *ctx)
{
    struct stream_work work;
    enum sb_status status;

    SB_TRY_RETURN(work_begin(&work, op, group, ctx));
    status = side_leave(&work, SB_LEFT);
    if (status == SB_OK) {
        status = side_leave(&work, SB_RIGHT);
    }
    return work_end(&work, status);
}
