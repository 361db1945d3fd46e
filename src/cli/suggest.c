/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/cli.h"

#define WORD_MAX 63u

/* Edits (insert, delete, replace, swap neighbours) from one word to the other. */
static size_t edits(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1], la = strlen(a), lb = strlen(b);
    size_t *two = rows[0], *one = rows[1], *now = rows[2];

    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= lb; j++)
        one[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t *turn = two;

        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = one[j - 1] + (a[i - 1] != b[j - 1]);

            if (one[j] + 1 < best)
                best = one[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            now[j] = best;
        }
        two = one;
        one = now;
        now = turn;
    }
    return one[lb];
}

const char *cli_nearest(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t least = strlen(word) < 5 ? 2 : 3; /* further away it is another word */

    for (size_t i = 0; i < count; i++) {
        size_t far = edits(word, names[i]);

        if (strlen(word) >= 3 && !strncmp(word, names[i], strlen(word)))
            far = 0; /* its beginning */
        if (far < least || (far == least && !best && far < strlen(names[i]))) {
            least = far;
            best = names[i];
        }
    }
    return best;
}
