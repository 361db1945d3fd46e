/* SPDX-License-Identifier: MIT */
#include "codec/cpuxml.h"
#include "codec/domxml.h"
#include "codec/qmp.h"
#include "fuzz.h"

/* What a document gives for a CPU is a CPU again; a domain that was given another one asks for that one. */

static void documents(const char *text, size_t size, struct vn_arena *arena)
{
    struct vn_cpu_doc doc, again;
    struct vn_domcaps caps;
    struct vn_err err = {0};

    if (vn_cpuxml_parse(text, size, arena, &doc, &err) == 0) {
        MUST(vn_cpuxml_parse(doc.xml, strlen(doc.xml), arena, &again, NULL) == 0);
        MUST(again.source == VN_CPU_BARE && !strcmp(again.cpu.model, doc.cpu.model));
        MUST(again.cpu.n_features == doc.cpu.n_features);
    } else {
        MUST(err.code && err.cause[0]);
    }
    if (vn_domcaps_parse(text, size, arena, &caps, NULL) == 0)
        for (size_t i = 0; i < caps.n_offers; i++)
            MUST(vn_domcaps_offer(&caps, caps.offers[i].name));
}

static void maps(const char *text, size_t size, struct vn_arena *arena)
{
    struct vn_cpu_map map = {0};
    char **names;
    size_t count;

    if (vn_cpumap_index(text, size, "x86_64", arena, &names, &count, NULL) == 0)
        for (size_t i = 0; i < count; i++)
            MUST(names[i][0] && names[i][0] != '.' && !strchr(names[i], '/'));
    if (vn_cpumap_add(text, size, arena, &map, NULL) < 0)
        return;
    for (size_t i = 0; i < map.n_models; i++) {
        MUST(vn_cpumap_model(&map, map.models[i].name) == &map.models[i]);
        if (vn_cpumap_features(&map, &map.models[i], arena, &names, &count, NULL) == 0)
            for (size_t k = 1; k < count; k++)
                MUST(strcmp(names[k - 1], names[k]) < 0);
    }
    for (size_t i = 0; i < map.n_features; i++)
        MUST(!strcmp(vn_cpumap_name(&map, map.features[i]), map.features[i]));
}

static void set_one(const char *text, size_t size, const char *mode, const char *model, struct vn_arena *arena)
{
    VN_AUTO(vn_buf) once = {0};
    VN_AUTO(vn_buf) twice = {0};
    struct vn_domain before, after;
    struct vn_cpu_doc doc;

    if (vn_domxml_set_cpu(text, size, mode, model, false, &once, NULL) < 0)
        return;
    MUST(vn_cpuxml_parse(vn_buf_text(&once), once.len, arena, &doc, NULL) == 0);
    MUST(!strcmp(*doc.cpu.mode ? doc.cpu.mode : "custom", mode) && (!model || !strcmp(doc.cpu.model, model)));
    MUST(vn_domxml_set_cpu(vn_buf_text(&once), once.len, mode, model, false, &twice, NULL) == 0);
    MUST(!strcmp(vn_buf_text(&once), vn_buf_text(&twice)));
    if (vn_domxml_parse(text, size, arena, &before, NULL) == 0) {
        MUST(vn_domxml_parse(vn_buf_text(&once), once.len, arena, &after, NULL) == 0);
        MUST(before.n_cells == after.n_cells && before.topology.cores == after.topology.cores);
    }
}

static void replies(const char *text, size_t size, struct vn_arena *arena)
{
    struct vn_qmp_model *models;
    struct vn_err err = {0};
    char **names;
    size_t count;

    if (vn_qmp_models_parse(text, size, arena, &models, &count, &err) == 0)
        for (size_t i = 0; i < count; i++)
            MUST(models[i].name);
    else
        MUST(err.code && err.cause[0]);
    MUST(vn_cpu_missing(text, arena, &names, &count, NULL) == 0);
    for (size_t i = 0; i < count; i++)
        MUST(names[i][0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VN_AUTO(vn_arena) arena = {0};
    char *text = fuzz_text(data, size);

    documents(text, size, &arena);
    maps(text, size, &arena);
    set_one(text, size, "host-passthrough", NULL, &arena);
    set_one(text, size, "custom", "EPYC & <co>", &arena);
    replies(text, size, &arena);
    free(text);
    return 0;
}
