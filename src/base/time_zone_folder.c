// SPDX-License-Identifier: Apache-2.0
/*
 * time_zone_folder.c - where zone files are, and which names look like a wrong one.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <sabot/library.h>

#include "base/time_zone_internal.h"

enum {
    PATH_SIZE = 4096,
    FILE_SIZE_MAX = 1 << 20, // the largest there are have some 4 KiB
    FOLDER_COUNT = 7,
    FOLDER_DEPTH_MAX = 3, // America/Argentina/Buenos_Aires
    NAME_SIZE = 80,
    SUGGESTION_COUNT = 3,
    ENTRIES_MAX = 10000, // names looked at for a suggestion; the database has some 600
};

static char folder_set[PATH_SIZE]; // written before the first zone is looked for

void sb_time_zone_folder_set(const char *folder)
{
    snprintf(folder_set, sizeof folder_set, "%s", folder == NULL ? "" : folder);
}

/* The folders in the order they are looked at; NULL and "" are passed over. */
static const char *folder_at(int32_t index)
{
    switch (index) {
    case 0:
        return getenv("SABOT_TZDIR");
    case 1:
        return getenv("TZDIR");
    case 2:
        return "/usr/share/zoneinfo";
    case 3:
        return "/usr/lib/zoneinfo";
    case 4:
        return "/usr/share/lib/zoneinfo";
    case 5:
        return "/etc/zoneinfo";
    default:
        return folder_set;
    }
}

static bool is_file(const char *path)
{
    struct stat facts;

    return stat(path, &facts) == 0 && S_ISREG(facts.st_mode);
}

static uint8_t *file_load(const char *path, size_t *size)
{
    FILE *file = is_file(path) ? fopen(path, "re") : NULL;
    uint8_t *bytes;

    if (file == NULL) {
        return NULL;
    }
    bytes = malloc(FILE_SIZE_MAX);
    *size = bytes == NULL ? 0 : fread(bytes, 1, FILE_SIZE_MAX, file);
    fclose(file);
    return bytes;
}

/* Folders of systems hold other files, too: what does not begin as a zone is passed over. */
uint8_t *sb_zone_file_load(const char *name, size_t *size)
{
    char path[PATH_SIZE];

    for (int32_t i = 0; i < FOLDER_COUNT; i++) {
        const char *folder = folder_at(i);
        uint8_t *bytes;
        if (folder == NULL || folder[0] == 0 ||
            snprintf(path, sizeof path, "%s/%s", folder, name) >= PATH_SIZE) {
            continue;
        }
        bytes = file_load(path, size);
        if (bytes != NULL && *size >= 4 && memcmp(bytes, "TZif", 4) == 0) {
            return bytes;
        }
        free(bytes);
    }
    return NULL;
}

/* The folder that suggestions come from. */
static const char *folder_first(void)
{
    char path[PATH_SIZE];

    for (int32_t i = 0; i < FOLDER_COUNT; i++) {
        const char *folder = folder_at(i);
        if (folder != NULL && folder[0] != 0 &&
            snprintf(path, sizeof path, "%s/Europe/London", folder) < PATH_SIZE && is_file(path)) {
            return folder;
        }
    }
    return NULL;
}

bool sb_zone_folder_exists(void)
{
    return folder_first() != NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c == ' ' || c == '-' ? '_' : c;
}

/* Letters to change, insert or drop to make `b` of `a`, without regard to case. */
static int32_t edit_distance(const char *a, const char *b)
{
    int32_t row[NAME_SIZE + 1];
    const int32_t width = (int32_t)strlen(b);

    if (width >= NAME_SIZE) {
        return NAME_SIZE;
    }
    for (int32_t j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (int32_t i = 0; a[i] != 0; i++) {
        int32_t diagonal = row[0];
        row[0] = i + 1;
        for (int32_t j = 0; j < width; j++) {
            const int32_t change = diagonal + (lower(a[i]) != lower(b[j]));
            const int32_t gap = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < gap ? change : gap;
        }
    }
    return row[width];
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash == NULL ? name : slash + 1;
}

/* The nearest names seen, best first. */
struct suggestions {
    const char *wanted;
    int32_t count;
    int32_t seen;
    int32_t distances[SUGGESTION_COUNT];
    char names[SUGGESTION_COUNT][NAME_SIZE];
};

static void suggestions_add(struct suggestions *out, const char *name)
{
    const int32_t whole = edit_distance(out->wanted, name);
    const int32_t part = edit_distance(last_part(out->wanted), last_part(name));
    const int32_t distance = whole < part + 1 ? whole : part + 1;
    int32_t at = out->count;

    if (distance > 2 + (int32_t)strlen(last_part(out->wanted)) / 4 || strlen(name) >= NAME_SIZE) {
        return;
    }
    while (at > 0 &&
           (distance < out->distances[at - 1] ||
            (distance == out->distances[at - 1] && strcmp(name, out->names[at - 1]) < 0))) {
        at--;
    }
    if (at == SUGGESTION_COUNT) {
        return;
    }
    out->count += out->count < SUGGESTION_COUNT;
    for (int32_t i = out->count - 1; i > at; i--) {
        out->distances[i] = out->distances[i - 1];
        memcpy(out->names[i], out->names[i - 1], NAME_SIZE);
    }
    out->distances[at] = distance;
    memcpy(out->names[at], name, strlen(name) + 1);
}

/* `path` is the folder, `name_at` where the names of zones begin in it. */
static void folder_walk(char path[PATH_SIZE], size_t name_at, int32_t depth,
                        struct suggestions *out)
{
    const size_t size = strlen(path);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    struct stat facts;

    if (folder == NULL) {
        return;
    }
    while ((entry = readdir(folder)) != NULL && out->seen < ENTRIES_MAX) {
        out->seen++;
        // names of zones begin with a capital; "posix" and "right" hold copies
        if (entry->d_name[0] < 'A' || entry->d_name[0] > 'Z' ||
            strchr(entry->d_name, '.') != NULL ||
            snprintf(path + size, PATH_SIZE - size, "/%s", entry->d_name) >=
                (int)(PATH_SIZE - size) ||
            stat(path, &facts) != 0) {
            continue;
        }
        if (S_ISDIR(facts.st_mode) && depth < FOLDER_DEPTH_MAX) {
            folder_walk(path, name_at, depth + 1, out);
        } else if (S_ISREG(facts.st_mode)) {
            suggestions_add(out, path + name_at);
        }
    }
    path[size] = 0;
    closedir(folder);
}

const char *sb_zone_suggest(const char *name, char *buffer, size_t size)
{
    struct suggestions found = {.wanted = name};
    const char *folder = folder_first();
    char path[PATH_SIZE];
    size_t used = 0;

    buffer[0] = 0;
    if (folder != NULL && strlen(name) < NAME_SIZE) {
        snprintf(path, sizeof path, "%s", folder);
        folder_walk(path, strlen(path) + 1, 1, &found);
    }
    for (int32_t i = 0; i < found.count; i++) {
        const int wanted =
            snprintf(buffer + used, size - used, "%s'%s'", i == 0 ? "" : ", ", found.names[i]);
        if (wanted < 0 || (size_t)wanted >= size - used) {
            buffer[used] = 0;
            break;
        }
        used += (size_t)wanted;
    }
    return buffer;
}
