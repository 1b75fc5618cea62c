// SPDX-License-Identifier: Apache-2.0
/*
 * schema_copy.c - see schema_copy.h. Each node of the copy owns its strings and its children.
 */
#include "schema_copy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void copy_release(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        struct ArrowSchema *child = schema->children[i];
        if (child != NULL && child->release != NULL) {
            child->release(child);
        }
        free(child);
    }
    if (schema->dictionary != NULL && schema->dictionary->release != NULL) {
        schema->dictionary->release(schema->dictionary);
    }
    free(schema->dictionary);
    free(schema->children);
    free((char *)schema->format);
    free((char *)schema->name);
    free((char *)schema->metadata);
    schema->release = NULL;
}

/* Bytes of the metadata: a count of pairs, then each key and value behind its length. */
static size_t metadata_size(const char *metadata)
{
    size_t size = sizeof(int32_t);
    int32_t pair_count;

    memcpy(&pair_count, metadata, sizeof pair_count);
    for (int64_t i = 0; i < 2 * (int64_t)pair_count; i++) {
        int32_t length;
        memcpy(&length, metadata + size, sizeof length);
        size += sizeof length + (size_t)length;
    }
    return size;
}

/* True with `*out` NULL where there is nothing to copy. */
static bool copy_bytes(const char *source, size_t size, const char **out)
{
    if (source == NULL) {
        return true;
    }
    char *copy = malloc(size);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, source, size);
    *out = copy;
    return true;
}

static bool copy_text(const char *source, const char **out)
{
    return copy_bytes(source, source == NULL ? 0 : strlen(source) + 1, out);
}

static bool copy_child(const struct ArrowSchema *source, struct ArrowSchema **out)
{
    *out = calloc(1, sizeof **out);
    return *out != NULL && schema_copy(source, *out);
}

static bool copy_content(const struct ArrowSchema *source, struct ArrowSchema *out)
{
    const char *metadata = source->metadata;

    if (!copy_text(source->format, &out->format) || !copy_text(source->name, &out->name) ||
        !copy_bytes(metadata, metadata == NULL ? 0 : metadata_size(metadata), &out->metadata)) {
        return false;
    }
    if (source->n_children > 0) {
        out->children = calloc((size_t)source->n_children, sizeof *out->children);
        if (out->children == NULL) {
            return false;
        }
        out->n_children = source->n_children;
        for (int64_t i = 0; i < source->n_children; i++) {
            if (!copy_child(source->children[i], &out->children[i])) {
                return false;
            }
        }
    }
    return source->dictionary == NULL || copy_child(source->dictionary, &out->dictionary);
}

bool schema_copy(const struct ArrowSchema *source, struct ArrowSchema *out)
{
    *out = (struct ArrowSchema){.flags = source->flags, .release = copy_release};
    if (!copy_content(source, out)) {
        copy_release(out);
        return false;
    }
    return true;
}
