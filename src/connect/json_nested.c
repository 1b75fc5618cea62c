// SPDX-License-Identifier: Apache-2.0
#include "connect/json_nested.h"

#include <inttypes.h>
#include <stdio.h>

#include "connect/json_keys.h"
#include "connect/text_leaf.h"
#include "connect/text_reader.h"

/* One type of a tree of types. */
struct json_node {
    const struct sb_type *type;
    bool is_leaf;
    struct sb_text_leaf leaf;
    struct sb_json_keys keys; // of a struct
    int32_t child_count;
    struct json_node *children; // of a map: key and value
};

struct sb_json_nested {
    struct sb_memory *memory;
    struct json_node root;
};

/* A value while it is read. */
struct json_reading {
    struct sb_json_unescaper *unescaper;
    const uint8_t *end;
    struct sb_json_trouble *trouble;
};

static const uint8_t *value_read(struct json_reading *reading, struct json_node *node,
                                 struct sb_builder *builder, const uint8_t *at);

// --- types ---------------------------------------------------------------------------------------

static void node_deinit(struct json_node *node, struct sb_memory *memory)
{
    for (int32_t i = 0; node->children != NULL && i < node->child_count; i++) {
        node_deinit(&node->children[i], memory);
    }
    sb_memory_free(memory, node->children, sizeof *node->children * (size_t)node->child_count);
    sb_json_keys_deinit(&node->keys);
}

static enum sb_status node_init(struct json_node *node, struct sb_memory *memory,
                                const struct sb_type *type, struct sb_error *err)
{
    // The entries of a map are a struct, which is not seen in JSON.
    const struct sb_type *parent = type->id == SB_TYPE_MAP ? &type->children[0].type : type;

    node->type = type;
    node->is_leaf = !sb_type_is_nested(type->id) || sb_type_is_encoded(type->id);
    if (node->is_leaf) {
        return sb_text_leaf_init(&node->leaf, type, err);
    }
    if (type->id == SB_TYPE_STRUCT) {
        SB_TRY_RETURN(sb_json_keys_init(&node->keys, memory, type->child_count, err));
    }
    node->children =
        sb_memory_alloc_zeroed(memory, sizeof *node->children * (size_t)parent->child_count);
    if (node->children == NULL) {
        return sb_error_no_memory(err, "a JSON reader", parent->child_count);
    }
    node->child_count = parent->child_count;
    for (int32_t i = 0; i < parent->child_count; i++) {
        SB_TRY_RETURN(node_init(&node->children[i], memory, &parent->children[i].type, err));
        if (type->id == SB_TYPE_STRUCT) {
            (void)sb_json_keys_add(&node->keys, type->children[i].name);
        }
    }
    return SB_OK;
}

enum sb_status sb_json_nested_create(struct sb_memory *memory, const struct sb_type *type,
                                     struct sb_json_nested **out, struct sb_error *err)
{
    struct sb_json_nested *nested = sb_memory_alloc_zeroed(memory, sizeof *nested);
    enum sb_status status;

    *out = NULL;
    if (nested == NULL) {
        return sb_error_no_memory(err, "a JSON reader", (int64_t)sizeof *nested);
    }
    nested->memory = memory;
    status = node_init(&nested->root, memory, type, err);
    if (status != SB_OK) {
        sb_json_nested_destroy(nested);
        return status;
    }
    *out = nested;
    return SB_OK;
}

void sb_json_nested_destroy(struct sb_json_nested *nested)
{
    if (nested != NULL) {
        node_deinit(&nested->root, nested->memory);
        sb_memory_free(nested->memory, nested, sizeof *nested);
    }
}

// --- what is wrong -------------------------------------------------------------------------------

/* Puts a step before the path: the innermost value is known first. */
static const uint8_t *trouble_within(struct sb_json_trouble *trouble, const char *field,
                                     int64_t element)
{
    char path[sizeof trouble->path];

    memcpy(path, trouble->path, sizeof path);
    if (field != NULL) {
        snprintf(trouble->path, sizeof trouble->path, ".%.60s%.90s", field, path);
    } else {
        snprintf(trouble->path, sizeof trouble->path, "[%" PRId64 "]%.90s", element, path);
    }
    return NULL;
}

static const uint8_t *trouble_value(struct sb_json_trouble *trouble, const struct sb_type *type,
                                    const struct sb_json_token *token)
{
    if (trouble->err->status == SB_OK && trouble->why == NULL) {
        trouble->type = type;
        trouble->text = token->text;
        trouble->size = token->size;
    }
    return NULL;
}

void sb_json_trouble_tell(const struct sb_json_trouble *trouble, const char *column,
                          struct sb_text_bad *bad)
{
    char name[sizeof trouble->path + 104];

    snprintf(name, sizeof name, "%.100s%s", column, trouble->path);
    if (trouble->why != NULL) {
        snprintf(bad->reason, sizeof bad->reason, "column '%s': %s", name, trouble->why);
    } else if (trouble->text != NULL) {
        sb_text_bad_value(bad, name, trouble->type, trouble->text, trouble->size);
    } else if (trouble->type != NULL) {
        bad->is_value = true;
        snprintf(bad->reason, sizeof bad->reason,
                 "column '%s': an array of %" PRId64 " elements, expected %" PRId32, name,
                 trouble->element_count, trouble->type->size);
    }
}

// --- values --------------------------------------------------------------------------------------

static bool null_append(struct json_reading *reading, struct sb_builder *builder)
{
    return sb_builder_append_null(builder, reading->trouble->err) == SB_OK;
}

static bool row_end(struct json_reading *reading, struct sb_builder *builder)
{
    return sb_builder_append_nested(builder, reading->trouble->err) == SB_OK;
}

static struct sb_builder *child_of(struct json_reading *reading, struct sb_builder *builder,
                                   int32_t index)
{
    struct sb_builder *child = NULL;

    // When there is no memory the error says so and NULL comes back.
    if (sb_builder_child(builder, index, &child, reading->trouble->err) != SB_OK) {
        return NULL;
    }
    return child;
}

static bool leaf_append(struct json_reading *reading, struct json_node *node,
                        struct sb_builder *builder, struct sb_json_token *token)
{
    struct sb_json_trouble *trouble = reading->trouble;

    if (token->is_null) {
        return null_append(reading, builder);
    }
    if ((token->has_escape || node->leaf.is_binary) &&
        !sb_json_unescape(reading->unescaper, token, node->leaf.is_binary, &trouble->why,
                          trouble->err)) {
        return false;
    }
    if (!sb_text_leaf_append(&node->leaf, builder, token->text, token->size, trouble->err)) {
        (void)trouble_value(trouble, node->leaf.type, token);
        return false;
    }
    return true;
}

/* A value that is no array or object: null, or of another type. */
static const uint8_t *other_read(struct json_reading *reading, struct json_node *node,
                                 struct sb_builder *builder, const uint8_t *at)
{
    struct sb_json_token token;
    const uint8_t *next = sb_json_read_value(at, reading->end, &token, &reading->trouble->why);

    if (next != NULL && token.is_null) {
        return null_append(reading, builder) ? next : NULL;
    }
    return trouble_value(reading->trouble, node->type, &token);
}

static const uint8_t *leaf_read(struct json_reading *reading, struct json_node *node,
                                struct sb_builder *builder, const uint8_t *at)
{
    struct sb_json_token token;

    at = sb_json_read_value(at, reading->end, &token, &reading->trouble->why);
    return at != NULL && leaf_append(reading, node, builder, &token) ? at : NULL;
}

/* At the first element or key, or behind the closing byte with `*is_empty`. */
static const uint8_t *nested_open(const struct json_reading *reading, const uint8_t *at,
                                  uint8_t closer, bool *is_empty)
{
    at = sb_json_skip_blanks(at + 1, reading->end);
    *is_empty = at < reading->end && *at == closer;
    return at + *is_empty;
}

static const uint8_t *separator_read(struct json_reading *reading, const uint8_t *at, char closer,
                                     bool *is_last)
{
    at = sb_json_read_separator(at, reading->end, closer, is_last, &reading->trouble->why);
    return at == NULL ? NULL : sb_json_skip_blanks(at, *is_last ? at : reading->end);
}

/* At the value; the key without escapes. */
static const uint8_t *key_read(struct json_reading *reading, const uint8_t *at,
                               struct sb_json_token *key)
{
    struct sb_json_trouble *trouble = reading->trouble;

    at = sb_json_read_key(at, reading->end, key, &trouble->why);
    if (at != NULL && key->has_escape &&
        !sb_json_unescape(reading->unescaper, key, false, &trouble->why, trouble->err)) {
        return NULL;
    }
    return at;
}

// --- lists ---------------------------------------------------------------------------------------

static const uint8_t *list_read(struct json_reading *reading, struct json_node *node,
                                struct sb_builder *builder, const uint8_t *at)
{
    struct sb_builder *child = child_of(reading, builder, 0);
    int64_t count = 0;
    bool is_last;

    if (child == NULL) {
        return NULL;
    }
    at = nested_open(reading, at, ']', &is_last);
    for (; !is_last; count++) {
        at = value_read(reading, &node->children[0], child, at);
        if (at == NULL) {
            return trouble_within(reading->trouble, NULL, count);
        }
        at = separator_read(reading, at, ']', &is_last);
        if (at == NULL) {
            return NULL;
        }
    }
    if (node->type->id == SB_TYPE_FIXED_SIZE_LIST && count != node->type->size) {
        reading->trouble->type = node->type;
        reading->trouble->element_count = count;
        return NULL;
    }
    return row_end(reading, builder) ? at : NULL;
}

// --- structs -------------------------------------------------------------------------------------

/* The value of a key that is field `index`. */
static const uint8_t *field_read(struct json_reading *reading, struct json_node *node,
                                 struct sb_builder *builder, int32_t index, const uint8_t *at)
{
    struct sb_builder *child = child_of(reading, builder, index);

    if (child == NULL) {
        return NULL;
    }
    if (child->length != builder->length) {
        reading->trouble->why = "a key appears twice";
        return trouble_within(reading->trouble, node->type->children[index].name, 0);
    }
    at = value_read(reading, &node->children[index], child, at);
    return at != NULL ? at : trouble_within(reading->trouble, node->type->children[index].name, 0);
}

/* Nulls for the fields that did not come. */
static bool fields_fill(struct json_reading *reading, const struct json_node *node,
                        struct sb_builder *builder)
{
    for (int32_t i = 0; i < node->child_count; i++) {
        struct sb_builder *child = child_of(reading, builder, i);
        if (child == NULL || (child->length == builder->length && !null_append(reading, child))) {
            return false;
        }
    }
    return true;
}

static const uint8_t *struct_read(struct json_reading *reading, struct json_node *node,
                                  struct sb_builder *builder, const uint8_t *at)
{
    struct sb_json_token token;
    int32_t seen = 0;
    bool is_last;

    at = nested_open(reading, at, '}', &is_last);
    for (int32_t place = 0; !is_last; place++) {
        int32_t index;

        at = key_read(reading, at, &token);
        if (at == NULL) {
            return NULL;
        }
        index = sb_json_keys_find(&node->keys, token.text, token.size, place);
        seen += index >= 0;
        at = index >= 0 ? field_read(reading, node, builder, index, at)
                        : sb_json_read_value(at, reading->end, &token, &reading->trouble->why);
        if (at == NULL || (at = separator_read(reading, at, '}', &is_last)) == NULL) {
            return NULL;
        }
    }
    if (seen < node->child_count && !fields_fill(reading, node, builder)) {
        return NULL;
    }
    return row_end(reading, builder) ? at : NULL;
}

// --- maps ----------------------------------------------------------------------------------------

/* `"key": value` */
static const uint8_t *entry_read(struct json_reading *reading, struct json_node *node,
                                 struct sb_builder *keys, struct sb_builder *values,
                                 const uint8_t *at)
{
    struct sb_json_token key;

    at = key_read(reading, at, &key);
    if (at == NULL || !leaf_append(reading, &node->children[0], keys, &key)) {
        return NULL;
    }
    return value_read(reading, &node->children[1], values, at);
}

/* `[key, value]` */
static const uint8_t *pair_read(struct json_reading *reading, struct json_node *node,
                                struct sb_builder *keys, struct sb_builder *values,
                                const uint8_t *at)
{
    const int64_t null_count = keys->null_count;
    bool is_last = true;

    if (at < reading->end && *at == '[') {
        at = nested_open(reading, at, ']', &is_last);
    }
    if (!is_last) {
        at = value_read(reading, &node->children[0], keys, at);
        at = at == NULL ? NULL : separator_read(reading, at, ']', &is_last);
    }
    if (at != NULL && !is_last) {
        at = value_read(reading, &node->children[1], values, at);
        at = at == NULL ? NULL : separator_read(reading, at, ']', &is_last);
        if (at != NULL && is_last && keys->null_count == null_count) {
            return at;
        }
    }
    if (at != NULL) {
        reading->trouble->why = "an entry of a map is no [key, value]";
    }
    return NULL;
}

static const uint8_t *map_read(struct json_reading *reading, struct json_node *node,
                               struct sb_builder *builder, const uint8_t *at)
{
    const char closer = *at == '{' ? '}' : ']';
    struct sb_builder *entries = child_of(reading, builder, 0);
    struct sb_builder *keys = entries == NULL ? NULL : child_of(reading, entries, 0);
    struct sb_builder *values = keys == NULL ? NULL : child_of(reading, entries, 1);
    bool is_last;

    if (values == NULL) {
        return NULL;
    }
    at = nested_open(reading, at, (uint8_t)closer, &is_last);
    for (int64_t count = 0; !is_last; count++) {
        at = closer == '}' ? entry_read(reading, node, keys, values, at)
                           : pair_read(reading, node, keys, values, at);
        if (at == NULL) {
            return trouble_within(reading->trouble, NULL, count);
        }
        if (!row_end(reading, entries)) {
            return NULL;
        }
        at = separator_read(reading, at, closer, &is_last);
        if (at == NULL) {
            return NULL;
        }
    }
    return row_end(reading, builder) ? at : NULL;
}

// --- any -----------------------------------------------------------------------------------------

/* No deeper than types are, which are limited where they are made. */
static const uint8_t *value_read(struct json_reading *reading, struct json_node *node,
                                 struct sb_builder *builder, const uint8_t *at)
{
    const uint8_t first = at < reading->end ? *at : 0;

    if (node->is_leaf) {
        return leaf_read(reading, node, builder, at);
    }
    if (node->type->id == SB_TYPE_STRUCT) {
        return first == '{' ? struct_read(reading, node, builder, at)
                            : other_read(reading, node, builder, at);
    }
    if (node->type->id == SB_TYPE_MAP) {
        return first == '[' || (first == '{' && node->children[0].is_leaf)
                   ? map_read(reading, node, builder, at)
                   : other_read(reading, node, builder, at);
    }
    return first == '[' ? list_read(reading, node, builder, at)
                        : other_read(reading, node, builder, at);
}

const uint8_t *sb_json_nested_read(struct sb_json_nested *nested,
                                   struct sb_json_unescaper *unescaper, struct sb_builder *builder,
                                   const uint8_t *at, const uint8_t *end,
                                   struct sb_json_trouble *trouble)
{
    struct json_reading reading = {.unescaper = unescaper, .end = end, .trouble = trouble};

    return value_read(&reading, &nested->root, builder, at);
}
