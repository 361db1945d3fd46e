/* SPDX-License-Identifier: MIT */
/*
 * hold COUNT MIB [CGROUPS]: so many processes with that much memory each, in pages of 4 KiB, as guests have it that
 * nobody gave huge pages. CGROUPS: a directory of a memory hierarchy; each goes into a group of its own there, as
 * libvirt does it. Says "ready" when all is there; ends them, and removes the groups, when its standard input ends.
 * What it has of its own is small beside that, as it is of a guest's QEMU: linked statically, its code forgotten.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void group_path(char *out, size_t size, const char *groups, int i, const char *file)
{
    int len = snprintf(out, size, "%s/hold-%d-%d%s", groups, (int)getppid(), i, file);

    if (len < 0 || (size_t)len >= size)
        die("path");
}

static void join_group(const char *groups, int i)
{
    char path[PATH_MAX];
    FILE *out;

    group_path(path, sizeof path, groups, i, "");
    if (mkdir(path, 0755) < 0)
        die(path);
    group_path(path, sizeof path, groups, i, "/cgroup.procs");
    out = fopen(path, "we");
    if (!out || fprintf(out, "%d\n", (int)getpid()) < 0 || fclose(out))
        die(path);
}

/* The pages of this program's code leave the process, but for those it needs to wait. */
static void forget_code(void)
{
    extern const char __executable_start, etext; /* the linker's */
    uintptr_t from = (uintptr_t)&__executable_start & ~(uintptr_t)4095, to = (uintptr_t)&etext & ~(uintptr_t)4095;

    (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

static void hold(size_t bytes, const char *groups, int i, int ready)
{
    char *room;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (groups)
        join_group(groups, i);
    room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        die("mmap");
    (void)madvise(room, bytes, MADV_NOHUGEPAGE);
    memset(room, 1, bytes);
    forget_code();
    if (write(ready, "", 1) != 1)
        die("write");
    for (;;)
        (void)pause();
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[1]) : 0, ready[2], status = 0;
    size_t bytes = argc > 2 ? (size_t)atol(argv[2]) << 20 : 0;
    const char *groups = argc > 3 ? argv[3] : NULL;
    pid_t *pids = calloc(count > 0 ? (size_t)count : 1, sizeof *pids);
    char path[PATH_MAX], c;

    if (count < 1 || !bytes || !pids || pipe(ready) < 0)
        die("usage: hold COUNT MIB [CGROUPS]");
    for (int i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            die("fork");
        if (!pids[i])
            hold(bytes, groups, i, ready[1]);
    }
    (void)close(ready[1]);
    for (int i = 0; i < count; i++)
        if (read(ready[0], &c, 1) != 1)
            status = 1; /* one of them ended */
    (void)puts(status ? "failed" : "ready");
    (void)fflush(stdout);
    while (!status && read(STDIN_FILENO, &c, 1) > 0)
        ;
    for (int i = 0; i < count; i++) {
        (void)kill(pids[i], SIGKILL);
        (void)waitpid(pids[i], NULL, 0);
        if (groups && snprintf(path, sizeof path, "%s/hold-%d-%d", groups, (int)getpid(), i) > 0)
            (void)rmdir(path);
    }
    free(pids);
    return status;
}
