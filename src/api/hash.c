// SPDX-License-Identifier: Apache-2.0
/*
 * hash.c - the stable hash of the rows of a foreign array.
 *
 * The caller keeps `array`; a copy of the struct with a release that does nothing goes through the
 * same import, and the same checks, as every other batch.
 */
#include <sabot/library.h>

#include "columnar/arrow.h"

static void borrowed_release(struct ArrowArray *array)
{
    array->release = NULL;
}

enum sb_status sb_hash_rows(const struct ArrowArray *array, const struct ArrowSchema *schema,
                            uint64_t *hashes, struct sb_error *err)
{
    struct sb_memory *memory = sb_memory_global();
    struct sb_schema *imported = NULL;
    struct sb_batch batch = {0};
    struct ArrowArray borrowed = *array;
    enum sb_status status = SB_OK;

    if (borrowed.release != NULL) {
        borrowed.release = borrowed_release;
    }
    SB_TRY_OUT(sb_schema_import(memory, schema, &imported, err));
    if (imported->field_count == 0) {
        status = sb_error_set(err, SB_INVALID, "rows of no columns have no hash");
        goto out;
    }
    SB_TRY_OUT(sb_batch_import(memory, imported, &borrowed, &batch, err));
    for (int32_t i = 0; i < imported->field_count; i++) {
        sb_column_hash(&batch.columns[i], NULL, batch.row_count, i == 0, hashes);
    }
out:
    sb_batch_deinit(&batch);
    sb_schema_release(imported);
    return status;
}
