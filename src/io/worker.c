/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "io/worker.h"

struct job {
    void (*work)(void *);
    void *self;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
};

static void *run(void *arg)
{
    struct job *job = arg;

    job->work(job->self);
    (void)pthread_mutex_lock(&job->lock);
    job->done = true;
    (void)pthread_cond_signal(&job->ended);
    (void)pthread_mutex_unlock(&job->lock);
    return NULL;
}

static void add_ms(struct timespec *when, unsigned ms)
{
    long nsec = when->tv_nsec + (long)(ms % 1000) * 1000000;

    when->tv_sec += ms / 1000 + nsec / 1000000000;
    when->tv_nsec = nsec % 1000000000;
}

/* Polls without the lock: a poll may take its time, and the worker must be able to end. */
static void wait_for(struct job *job, void (*poll)(void *), void *poll_self, unsigned interval_ms)
{
    struct timespec until;
    int r;

    (void)pthread_mutex_lock(&job->lock);
    while (!job->done) {
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        add_ms(&until, interval_ms);
        r = 0;
        while (!job->done && r == 0)
            r = pthread_cond_timedwait(&job->ended, &job->lock, &until);
        if (job->done)
            break;
        (void)pthread_mutex_unlock(&job->lock);
        poll(poll_self);
        (void)pthread_mutex_lock(&job->lock);
    }
    (void)pthread_mutex_unlock(&job->lock);
}

static int init(struct job *job)
{
    pthread_condattr_t attr;
    int r;

    if (pthread_condattr_init(&attr))
        return -1;
    r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) || pthread_cond_init(&job->ended, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (r)
        return -1;
    if (!pthread_mutex_init(&job->lock, NULL))
        return 0;
    (void)pthread_cond_destroy(&job->ended);
    return -1;
}

void vn_worker_run(void (*work)(void *), void *work_self, void (*poll)(void *), void *poll_self,
                   unsigned interval_ms)
{
    struct job job = {.work = work, .self = work_self};
    pthread_t thread;

    if (init(&job) < 0) {
        work(work_self);
    } else {
        if (pthread_create(&thread, NULL, run, &job) == 0) {
            wait_for(&job, poll, poll_self, interval_ms);
            (void)pthread_join(thread, NULL);
        } else {
            work(work_self);
        }
        (void)pthread_mutex_destroy(&job.lock);
        (void)pthread_cond_destroy(&job.ended);
    }
    poll(poll_self);
}
