/* SPDX-License-Identifier: MIT */
#include "io/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include <vnuma/defs.h>

enum { THREADS = 16, TAKE = 4 };

struct pool {
    void (*one)(void *self, size_t i);
    void *self;
    size_t count;
    atomic_size_t next;
};

/* A few at a time: what one costs differs, and taking them one by one would be a contest for the counter. */
static void *work(void *arg)
{
    struct pool *pool = arg;

    for (;;) {
        size_t from = atomic_fetch_add(&pool->next, TAKE);

        if (from >= pool->count)
            return NULL;
        for (size_t i = from; i < from + TAKE && i < pool->count; i++)
            pool->one(pool->self, i);
    }
}

static size_t threads_for(size_t count, size_t each)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = cpus < 1 ? 1 : cpus > THREADS ? THREADS : (size_t)cpus, wanted = count / each;

    return wanted < 1 ? 1 : wanted < most ? wanted : most;
}

void vn_pool_run(size_t count, size_t each, void (*one)(void *self, size_t i), void *self)
{
    struct pool pool = {.one = one, .self = self, .count = count};
    size_t wanted = threads_for(count, each) - 1, started = 0; /* this thread works, too */
    pthread_t threads[THREADS];

    while (started < wanted && pthread_create(&threads[started], NULL, work, &pool) == 0)
        started++;
    (void)work(&pool);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
}
