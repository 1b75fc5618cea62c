// SPDX-License-Identifier: Apache-2.0
/*
 * functions_hash.c - the engine's stable hash (base/hash.h) of one or several values.
 *
 * The values are those by which rows are spread over key groups and by which sb_hash_rows() and
 * Python's hash partitioning work, the same everywhere and for ever.
 */
#include "base/hash.h"
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/tree.h"

/* Rows of columns, as many at once as come from one. */
static void hash_column_rows(const struct sb_kernel_call *call, const struct sb_vector *vector,
                             uint64_t *hashes)
{
    const struct sb_row *rows = vector->values;
    uint32_t at[SB_EXPR_CHUNK];
    int32_t end;

    for (int32_t i = 0; i < call->count; i = end) {
        for (end = i; end < call->count && rows[end].column == rows[i].column; end++) {
            const bool is_valid = vector->valid == NULL || vector->valid[end];
            at[end] = is_valid ? (uint32_t)rows[end].row : UINT32_MAX;
        }
        if (rows[i].column != NULL) {
            sb_column_hash(rows[i].column, at + i, end - i, true, hashes + i);
        } // else all are null
    }
}

/* Types as kernels see them: decimals of all widths are 128 bits, float16 is float32. */
static const struct sb_type seen_as[SB_PHYSICAL_COUNT] = {
    [SB_PHYSICAL_I8] = {.id = SB_TYPE_INT8},
    [SB_PHYSICAL_I16] = {.id = SB_TYPE_INT16},
    [SB_PHYSICAL_I32] = {.id = SB_TYPE_INT32},
    [SB_PHYSICAL_I64] = {.id = SB_TYPE_INT64},
    [SB_PHYSICAL_U8] = {.id = SB_TYPE_UINT8},
    [SB_PHYSICAL_U16] = {.id = SB_TYPE_UINT16},
    [SB_PHYSICAL_U32] = {.id = SB_TYPE_UINT32},
    [SB_PHYSICAL_U64] = {.id = SB_TYPE_UINT64},
    [SB_PHYSICAL_F32] = {.id = SB_TYPE_FLOAT32},
    [SB_PHYSICAL_F64] = {.id = SB_TYPE_FLOAT64},
    [SB_PHYSICAL_I128] = {.id = SB_TYPE_DECIMAL128, .precision = 38},
};

/* The hashes of valid rows; what a null row holds is hashed, too, unless it points elsewhere. */
static void hash_values(const struct sb_kernel_call *call, int32_t index, uint64_t *hashes)
{
    const struct sb_vector *vector = sb_kernel_argument(call, index);
    const enum sb_physical physical = sb_physical_of(&call->node->arguments[index]->type);

    if (physical == SB_PHYSICAL_BOOL) {
        const uint8_t *values = vector->values;
        for (int32_t i = 0; i < call->count; i++) {
            hashes[i] = sb_hash64(values[i]);
        }
    } else if (physical == SB_PHYSICAL_BYTES) {
        const struct sb_bytes *values = vector->values;
        for (int32_t i = 0; i < call->count; i++) {
            hashes[i] = vector->valid == NULL || vector->valid[i]
                            ? sb_hash_bytes(values[i].data, (size_t)values[i].size)
                            : 0;
        }
    } else if (physical == SB_PHYSICAL_ROW) {
        hash_column_rows(call, vector, hashes);
    } else {
        const struct sb_column column = {
            .type = &seen_as[physical], .length = call->count, .values = vector->values};
        sb_column_hash(&column, NULL, call->count, true, hashes);
    }
}

static enum sb_status hash_rows(struct sb_kernel_call *call)
{
    uint64_t room[SB_EXPR_CHUNK];
    uint64_t *out = call->out;

    for (int32_t index = 0; index < call->node->argument_count; index++) {
        const uint8_t *valid = sb_kernel_argument(call, index)->valid;
        uint64_t *hashes = index == 0 ? out : room;
        hash_values(call, index, hashes);
        for (int32_t i = 0; i < call->count && valid != NULL; i++) {
            hashes[i] = valid[i] ? hashes[i] : SB_HASH_NULL;
        }
        for (int32_t i = 0; i < call->count && index > 0; i++) {
            out[i] = sb_hash_combine(out[i], hashes[i]);
        }
    }
    call->valid = NULL;
    return SB_OK;
}

static enum sb_status resolve_hash(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    static const struct sb_kernel_set kernels = {.vectors = hash_rows};
    const struct sb_type any = {.id = SB_TYPE_BOOL};

    for (int32_t i = 0; i < expr->argument_count; i++) {
        if (sb_bound_is_untyped_null(arguments[i])) {
            SB_TRY_RETURN(sb_bind_null(binder, &any, &arguments[i]));
        }
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = expr->function->name,
                            .type = {.id = SB_TYPE_UINT64},
                            .kernels = &kernels,
                            .null_rule = SB_NULLS_HANDLED,
                            .is_never_null = true,
                            .argument_count = expr->argument_count,
                            .arguments = arguments,
                        },
                        out);
}

static const struct sb_function functions[] = {
    {
        .name = "hash",
        .argument_min = 1,
        .argument_max = -1,
        .signature = "any, ...",
        .summary = "The stable 64-bit hash of the values as uint64, by which keyed operators "
                   "spread rows. Never null: null has a hash, too. Equal integers of different "
                   "types have equal hashes.",
        .example = "[1, 'a']",
        .result = "2513143465325528882",
        .resolve = resolve_hash,
    },
};

const struct sb_function_list sb_functions_hash = SB_FUNCTION_LIST("Hash", functions);
