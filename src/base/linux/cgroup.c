// SPDX-License-Identifier: Apache-2.0
#include "base/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CGROUP_PATH_SIZE = 4096 };

// What a walk over the groups of one controller folds its files into.
struct cgroup_limit {
    int64_t value; // 0 = none seen
};

static void limit_tighten(struct cgroup_limit *limit, int64_t value)
{
    if (value > 0 && (limit->value == 0 || value < limit->value)) {
        limit->value = value;
    }
}

static bool line_read(const char *directory, const char *name, char *line, int size)
{
    char path[CGROUP_PATH_SIZE + 64];
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file;
    bool has_line;

    if (length < 0 || (size_t)length >= sizeof path) {
        return false;
    }
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    has_line = fgets(line, size, file) != NULL;
    fclose(file);
    return has_line;
}

static int64_t number_read(const char *directory, const char *name)
{
    char line[64];

    return line_read(directory, name, line, sizeof line) ? strtoll(line, NULL, 10) : 0;
}

// Rounded up: half a processor still runs one worker.
static int64_t processors_of(int64_t quota_us, int64_t period_us)
{
    if (quota_us <= 0 || period_us <= 0) {
        return 0;
    }
    return quota_us / period_us + (quota_us % period_us != 0);
}

static void processors_v1(const char *directory, struct cgroup_limit *limit)
{
    limit_tighten(limit, processors_of(number_read(directory, "cpu.cfs_quota_us"),
                                       number_read(directory, "cpu.cfs_period_us")));
}

static void processors_v2(const char *directory, struct cgroup_limit *limit)
{
    char line[128];
    long long quota_us;
    long long period_us;

    if (line_read(directory, "cpu.max", line, sizeof line) &&
        sscanf(line, "%lld %lld", &quota_us, &period_us) == 2) { // "max 100000" gives 0
        limit_tighten(limit, processors_of(quota_us, period_us));
    }
}

static void memory_v1(const char *directory, struct cgroup_limit *limit)
{
    // Without a limit the kernel shows the largest page multiple; the minimum with the machine's
    // own memory, which the caller takes, hides it.
    limit_tighten(limit, number_read(directory, "memory.limit_in_bytes"));
}

static void memory_v2(const char *directory, struct cgroup_limit *limit)
{
    limit_tighten(limit, number_read(directory, "memory.max")); // "max" gives 0
}

// Visits `group` below `mount` and all groups above it. In a container the group's path may name
// directories that only the host sees; their files are missing and the walk goes on to the mount.
static void groups_visit(const char *mount, const char *group,
                         void (*visit)(const char *directory, struct cgroup_limit *limit),
                         struct cgroup_limit *limit)
{
    char directory[CGROUP_PATH_SIZE];
    size_t mount_size = strlen(mount);
    int length = snprintf(directory, sizeof directory, "%s%s", mount, group);

    if (length < 0 || (size_t)length >= sizeof directory) {
        return;
    }
    for (;;) {
        char *slash;

        visit(directory, limit);
        slash = strrchr(directory, '/');
        if (slash == NULL || (size_t)(slash - directory) < mount_size) {
            return;
        }
        *slash = '\0';
    }
}

static bool controllers_name(const char *controllers, const char *name)
{
    size_t size = strlen(name);

    while (controllers != NULL) {
        if (strncmp(controllers, name, size) == 0 &&
            (controllers[size] == ',' || controllers[size] == '\0')) {
            return true;
        }
        controllers = strchr(controllers, ',');
        controllers = controllers == NULL ? NULL : controllers + 1;
    }
    return false;
}

static int64_t controller_limit(const char *root, const char *controller,
                                void (*visit_v1)(const char *directory, struct cgroup_limit *limit),
                                void (*visit_v2)(const char *directory, struct cgroup_limit *limit))
{
    struct cgroup_limit limit = {0};
    char line[CGROUP_PATH_SIZE];
    char path[CGROUP_PATH_SIZE];
    FILE *file;

    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    // Lines are "id:controllers:/group"; version 2 has no controllers.
    while (fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':');
        char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');

        if (group == NULL) {
            continue;
        }
        *group++ = '\0';
        controllers++;
        group[strcspn(group, "\n")] = '\0';
        if (*controllers == '\0') {
            snprintf(path, sizeof path, "%s/sys/fs/cgroup", root);
            groups_visit(path, group, visit_v2, &limit);
        } else if (controllers_name(controllers, controller)) {
            snprintf(path, sizeof path, "%s/sys/fs/cgroup/%s", root, controller);
            groups_visit(path, group, visit_v1, &limit);
        }
    }
    fclose(file);
    return limit.value;
}

int32_t sb_cgroup_processors(const char *root)
{
    int64_t count = controller_limit(root, "cpu", processors_v1, processors_v2);

    return count > INT32_MAX ? 0 : (int32_t)count;
}

int64_t sb_cgroup_memory_bytes(const char *root)
{
    return controller_limit(root, "memory", memory_v1, memory_v2);
}
