/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs a fuzz target once over each file of the directories given, so that a corpus is an ordinary test. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long size = -1;
    int r = -1;

    if (!file)
        return -1;
    if (fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0)
        data = malloc(size ? (size_t)size : 1); /* exactly as long, so that a read past the end is seen */
    if (data && fread(data, 1, (size_t)size, file) == (size_t)size)
        r = LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    (void)fclose(file);
    return r;
}

static int run_directory(const char *name)
{
    DIR *dir = opendir(name);
    struct dirent *entry;
    int count = 0;

    if (!dir) {
        (void)fprintf(stderr, "%s: cannot be opened\n", name);
        return -1;
    }
    while ((entry = readdir(dir))) {
        char path[4096];

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        if (run_file(path) < 0) {
            (void)fprintf(stderr, "%s: cannot be run\n", path);
            (void)closedir(dir);
            return -1;
        }
        count++;
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        int count = run_directory(argv[i]);
        if (count < 0)
            return 1;
        total += count;
    }
    if (!total) {
        (void)fprintf(stderr, "usage: %s CORPUS-DIRECTORY...; there was no file to run\n", argv[0]);
        return 1;
    }
    (void)printf("%d inputs\n", total);
    return 0;
}
