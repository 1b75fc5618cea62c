// SPDX-License-Identifier: Apache-2.0
/*
 * test_cgroup.c - limits read from a tree of files that looks like the kernel's.
 */
#include "base/cgroup.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/test.h"

static char root[] = "/tmp/sabot-cgroup-XXXXXX";

static void file_write(const char *path, const char *text)
{
    char full[512];
    FILE *file;

    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0777);
        *slash = '/';
    }
    file = fopen(full, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int entry_remove(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void)facts;
    (void)kind;
    (void)place;
    return remove(path);
}

static int root_make(void **state)
{
    (void)state;
    memcpy(root + strlen(root) - 6, "XXXXXX", 6);
    return mkdtemp(root) == NULL;
}

static int root_remove(void **state)
{
    (void)state;
    return nftw(root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void says_nothing_without_files(void **state)
{
    (void)state;
    assert_int_equal(sb_cgroup_processors(root), 0);
    assert_int_equal(sb_cgroup_memory_bytes(root), 0);
}

static void takes_the_tightest_group_of_version_2(void **state)
{
    (void)state;
    file_write("/proc/self/cgroup", "0::/a/b\n");
    file_write("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    file_write("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
    file_write("/sys/fs/cgroup/cpu.max", "800000 100000\n");
    file_write("/sys/fs/cgroup/a/b/memory.max", "2000000\n");
    file_write("/sys/fs/cgroup/a/memory.max", "max\n");
    assert_int_equal(sb_cgroup_processors(root), 3); // 2.5, rounded up
    assert_int_equal(sb_cgroup_memory_bytes(root), 2000000);
}

static void reads_the_mount_when_the_path_is_the_hosts(void **state)
{
    (void)state;
    file_write("/proc/self/cgroup", "0::/system.slice/docker-1234.scope\n");
    file_write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
    file_write("/sys/fs/cgroup/memory.max", "1000\n");
    assert_int_equal(sb_cgroup_processors(root), 1);
    assert_int_equal(sb_cgroup_memory_bytes(root), 1000);
}

static void reads_version_1(void **state)
{
    (void)state;
    file_write("/proc/self/cgroup", "11:cpuset:/x\n"
                                    "4:cpu,cpuacct:/job\n"
                                    "3:memory:/job\n"
                                    "0::/\n");
    file_write("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "400000\n");
    file_write("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
    file_write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    file_write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    file_write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
    file_write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "123456789\n");
    assert_int_equal(sb_cgroup_processors(root), 4);
    assert_int_equal(sb_cgroup_memory_bytes(root), 123456789);
}

static void passes_over_what_it_cannot_read(void **state)
{
    (void)state;
    file_write("/proc/self/cgroup", "nonsense\n0:\n0::/a\n");
    file_write("/sys/fs/cgroup/a/cpu.max", "what ever\n");
    file_write("/sys/fs/cgroup/a/memory.max", "");
    assert_int_equal(sb_cgroup_processors(root), 0);
    assert_int_equal(sb_cgroup_memory_bytes(root), 0);
}

#define rooted_test(function) cmocka_unit_test_setup_teardown(function, root_make, root_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        rooted_test(says_nothing_without_files),
        rooted_test(takes_the_tightest_group_of_version_2),
        rooted_test(reads_the_mount_when_the_path_is_the_hosts),
        rooted_test(reads_version_1),
        rooted_test(passes_over_what_it_cannot_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
