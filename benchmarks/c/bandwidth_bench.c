// SPDX-License-Identifier: Apache-2.0
/*
 * bandwidth_bench.c - how fast this machine reads memory that no cache holds.
 *
 * usage: bandwidth_bench [THREADS]. Each thread sums its own gibibyte, all at the same time, again
 * and again. Prints the median over the passes as JSON.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { PASS_COUNT = 9, THREAD_COUNT_MAX = 256, LANE_COUNT = 8 };

#define SHARE_SIZE ((size_t)1 << 30)

typedef uint64_t lane __attribute__((vector_size(16)));

struct reader {
    pthread_t thread;
    pthread_barrier_t *barrier;
    lane *values;
    uint64_t sum;
};

static uint64_t reader_sum(const struct reader *reader)
{
    lane sums[LANE_COUNT] = {0};
    size_t count = SHARE_SIZE / sizeof(lane);
    uint64_t total = 0;

    for (size_t i = 0; i < count; i += LANE_COUNT) {
        for (int j = 0; j < LANE_COUNT; j++) {
            sums[j] += reader->values[i + (size_t)j];
        }
    }
    for (int j = 0; j < LANE_COUNT; j++) {
        for (size_t k = 0; k < sizeof(lane) / sizeof total; k++) {
            total += sums[j][k];
        }
    }
    return total;
}

static void *reader_run(void *argument)
{
    struct reader *reader = argument;

    memset(reader->values, 1, SHARE_SIZE); // by the thread that reads them
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        pthread_barrier_wait(reader->barrier); // all begin
        reader->sum += reader_sum(reader);
        pthread_barrier_wait(reader->barrier); // all are done
    }
    return NULL;
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int double_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    int thread_count = argc > 1 ? atoi(argv[1]) : 1;
    struct reader readers[THREAD_COUNT_MAX] = {0};
    double seconds[PASS_COUNT];
    pthread_barrier_t barrier;

    if (thread_count < 1 || thread_count > THREAD_COUNT_MAX) {
        fprintf(stderr, "bandwidth_bench: threads are %d; expected 1 to %d\n", thread_count,
                THREAD_COUNT_MAX);
        return 2;
    }
    pthread_barrier_init(&barrier, NULL, (unsigned)thread_count + 1);
    for (int i = 0; i < thread_count; i++) {
        void *memory =
            mmap(NULL, SHARE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            perror("bandwidth_bench: mmap");
            return 1;
        }
        (void)madvise(memory, SHARE_SIZE, MADV_HUGEPAGE); // without, it is slower, not wrong
        readers[i].values = memory;
        readers[i].barrier = &barrier;
        if (pthread_create(&readers[i].thread, NULL, reader_run, &readers[i]) != 0) {
            perror("bandwidth_bench: pthread_create");
            return 1;
        }
    }
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        double begin;

        pthread_barrier_wait(&barrier);
        begin = seconds_now();
        pthread_barrier_wait(&barrier);
        seconds[pass] = seconds_now() - begin;
    }
    for (int i = 0; i < thread_count; i++) {
        pthread_join(readers[i].thread, NULL);
        if (readers[i].sum == 0) { // also keeps the sums from being optimised away
            fprintf(stderr, "bandwidth_bench: a sum of ones is 0\n");
            return 1;
        }
    }
    qsort(seconds, PASS_COUNT, sizeof *seconds, double_compare);
    printf("{\"threads\": %d, \"bytes_per_second\": %.0f}\n", thread_count,
           (double)thread_count * (double)SHARE_SIZE / seconds[PASS_COUNT / 2]);
    return 0;
}
