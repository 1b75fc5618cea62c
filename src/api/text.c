// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - the public calls for rows as text.
 */
#include <sabot/text.h>

#include "columnar/arrow.h"
#include "connect/splits.h"
#include "connect/text_rows.h"
#include "connect/text_writer.h"
#include "exec/job.h"

enum sb_status sb_job_add_text(struct sb_job *job, const char *operator_id,
                               const struct sb_text_options *options,
                               const struct sb_text_input *input, struct sb_error *err)
{
    struct sb_node *node = NULL;
    struct sb_split *split = NULL;
    enum sb_status status = sb_job_bindable(job, operator_id, SB_NODE_SOURCE, &node, err);

    if (status != SB_OK) {
        if (input->release != NULL) {
            input->release(input->context);
        }
        return status;
    }
    status = sb_text_split_create(job->memory, node->delivered, options, input, &split, err);
    if (status != SB_OK) {
        sb_error_prefix(err, "operator '%s' (source)", node->name);
        return status;
    }
    return sb_job_bind_split(job, node, split, NULL, err);
}

static void borrowed_release(struct ArrowArray *array)
{
    array->release = NULL;
}

static enum sb_status check_types(const struct sb_text_options *options,
                                  const struct sb_schema *schema, struct sb_error *err)
{
    char type[SB_TYPE_NAME_SIZE];

    for (int32_t i = 0; i < schema->field_count; i++) {
        const struct sb_type *one = &schema->fields[i].type;

        if (!sb_text_type_is_written(options->format, one)) {
            return sb_error_set(err, SB_UNSUPPORTED,
                                "column '%s' is %s, which has no form in CSV; write NDJSON, or "
                                "leave it out",
                                schema->fields[i].name, sb_type_name(one, type, sizeof type));
        }
    }
    return SB_OK;
}

enum sb_status sb_text_from_rows(const struct ArrowArray *array, const struct ArrowSchema *schema,
                                 const struct sb_text_options *options, char **text, int64_t *size,
                                 struct sb_error *err)
{
    struct sb_text_output output = {.memory = sb_memory_global()};
    struct sb_schema *imported = NULL;
    struct sb_batch batch = {0};
    struct ArrowArray borrowed = *array;
    enum sb_status status = SB_OK;

    *text = NULL;
    *size = 0;
    if (borrowed.release != NULL) {
        borrowed.release = borrowed_release;
    }
    SB_TRY_OUT(sb_schema_import(output.memory, schema, &imported, err));
    SB_TRY_OUT(check_types(options, imported, err));
    SB_TRY_OUT(sb_batch_import(output.memory, imported, &borrowed, &batch, err));
    SB_TRY_OUT(sb_text_write(&batch, options, &output, err));
    *text =
        sb_memory_realloc(output.memory, output.text, (size_t)output.capacity, (size_t)output.size);
    if (*text == NULL) {
        status = sb_error_no_memory(err, "text", output.size);
        goto out;
    }
    *size = output.size;
    output = (struct sb_text_output){0};

out:
    sb_text_output_deinit(&output);
    sb_batch_deinit(&batch);
    sb_schema_release(imported);
    return status;
}

void sb_text_free(char *text, int64_t size)
{
    sb_memory_free(sb_memory_global(), text, (size_t)size);
}
