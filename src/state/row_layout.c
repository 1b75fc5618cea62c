// SPDX-License-Identifier: Apache-2.0
#include "state/row_layout.h"

enum sb_status sb_row_layout_init(struct sb_row_layout *layout, struct sb_memory *memory,
                                  const struct sb_row_layout_options *options, struct sb_error *err)
{
    int32_t word = 0;
    size_t size = sizeof *layout->fields * (size_t)options->field_count;

    *layout = (struct sb_row_layout){
        .memory = memory,
        .field_count = options->field_count,
        .key_count = options->key_count,
        .hash_word = -1,
        .link_word = -1,
    };
    layout->fields = sb_memory_alloc(memory, size);
    if (layout->fields == NULL) {
        return sb_error_no_memory(err, "a row layout", (int64_t)size);
    }
    if (options->has_hash) {
        layout->hash_word = word++;
    }
    if (options->has_link) {
        layout->link_word = word++;
    }
    layout->null_word = word;
    for (int32_t i = 0; i < options->key_count; i++) {
        layout->null_word += sb_row_kind_words(options->kinds[i]);
    }
    layout->null_word_count = options->has_nulls ? (options->field_count + 63) / 64 : 0;
    for (int32_t i = 0; i < options->field_count; i++) {
        enum sb_row_kind kind = options->kinds[i];
        word += i == options->key_count ? layout->null_word_count : 0;
        layout->fields[i] = (struct sb_row_field){
            .kind = kind,
            .word = word,
            .null_word = options->has_nulls ? layout->null_word + i / 64 : -1,
            .null_bit = UINT64_C(1) << (i % 64),
        };
        layout->has_text = layout->has_text || kind == SB_ROW_TEXT;
        word += sb_row_kind_words(kind);
    }
    word += options->field_count == options->key_count ? layout->null_word_count : 0;
    layout->row_words = word > 0 ? word : 1; // a row is never nothing
    return SB_OK;
}

void sb_row_layout_deinit(struct sb_row_layout *layout)
{
    if (layout->fields != NULL) {
        sb_memory_free(layout->memory, layout->fields,
                       sizeof *layout->fields * (size_t)layout->field_count);
        layout->fields = NULL;
    }
}

static const uint8_t *nulls_load(const struct sb_row_field *field, uint64_t *const *rows,
                                 int64_t count, uint8_t *nulls)
{
    uint8_t any = 0;

    if (field->null_word < 0) {
        return NULL;
    }
    for (int64_t i = 0; i < count; i++) {
        nulls[i] = (rows[i][field->null_word] & field->null_bit) != 0;
        any |= nulls[i];
    }
    return any ? nulls : NULL;
}

void sb_row_field_load(const struct sb_row_field *field, uint64_t *const *rows, int64_t count,
                       const uint8_t *base, struct sb_row_scratch *scratch,
                       struct sb_row_vector *out)
{
    uint64_t *words = scratch->words;
    int32_t word = field->word;

    sb_debug_assert(count <= SB_ROW_CHUNK);
    out->kind = field->kind;
    out->words = words;
    out->nulls = nulls_load(field, rows, count, scratch->nulls);
    if (sb_row_kind_words(field->kind) == 1) {
        for (int64_t i = 0; i < count; i++) {
            words[i] = rows[i][word];
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        words[2 * i] = rows[i][word];
        words[2 * i + 1] = rows[i][word + 1];
    }
    if (field->kind == SB_ROW_TEXT && base != NULL) {
        for (int64_t i = 0; i < count; i++) {
            if (!sb_text_is_inline(words[2 * i])) {
                words[2 * i + 1] += (uint64_t)(uintptr_t)base;
            }
        }
    }
}

void sb_row_field_store(const struct sb_row_field *field, uint64_t *const *rows, int64_t count,
                        const struct sb_row_vector *vector)
{
    const uint64_t *words = vector->words;
    int32_t word = field->word;

    if (sb_row_kind_words(field->kind) == 1) {
        for (int64_t i = 0; i < count; i++) {
            rows[i][word] = words[i];
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            rows[i][word] = words[2 * i];
            rows[i][word + 1] = words[2 * i + 1];
        }
    }
    if (vector->nulls != NULL) {
        sb_debug_assert(field->null_word >= 0);
        for (int64_t i = 0; i < count; i++) {
            rows[i][field->null_word] |= vector->nulls[i] ? field->null_bit : 0;
        }
    }
}

enum sb_status sb_row_text_keep(uint64_t *text, struct sb_row_heap *heap, struct sb_error *err)
{
    int64_t size = sb_text_heap_size(text[0]);
    uint8_t *bytes;

    if (size == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_row_heap_alloc(heap, size, &bytes, err));
    memcpy(bytes, (const void *)(uintptr_t)text[1], (size_t)size);
    text[1] = (uint64_t)(uintptr_t)bytes;
    return SB_OK;
}
