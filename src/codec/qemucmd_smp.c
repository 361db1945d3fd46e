/* SPDX-License-Identifier: MIT */
#include "codec/qemucmd_parts.h"

/* -smp, and what QEMU makes of the parts that are left out. */

struct smp {
    unsigned cpus, max, sockets, dies, clusters, cores, threads;
};

static int read_parts(struct vn_qemu_line *line, struct smp *smp)
{
    const struct {
        const char *key;
        unsigned *to;
    } parts[] = {{"cpus", &smp->cpus},         {"maxcpus", &smp->max}, {"sockets", &smp->sockets},
                 {"dies", &smp->dies},         {"clusters", &smp->clusters}, {"cores", &smp->cores},
                 {"threads", &smp->threads}};

    for (size_t i = 0; i < VN_COUNT(parts); i++) {
        int r = vn_qemu_prop_uint(&line->smp, parts[i].key, VN_CPU_MAX, parts[i].to, line->err);

        if (r < 0)
            return vn_err_ctx(line->err, r, "cannot understand -smp");
        line->cmd->has_topology |= i >= 2 && *parts[i].to;
    }
    return 0;
}

/* Cores before sockets, as machine types since 6.2 do; older ones have the sockets instead. */
static void fill_up(struct smp *smp)
{
    unsigned max = smp->max = smp->max ? smp->max : smp->cpus;
    unsigned dies = smp->dies = smp->dies ? smp->dies : 1;
    unsigned clusters = smp->clusters = smp->clusters ? smp->clusters : 1;

    if (!max) {
        smp->cores = smp->cores ? smp->cores : 1;
        smp->sockets = smp->sockets ? smp->sockets : 1;
        smp->threads = smp->threads ? smp->threads : 1;
    } else if (!smp->cores) {
        smp->sockets = smp->sockets ? smp->sockets : 1;
        smp->threads = smp->threads ? smp->threads : 1;
        smp->cores = (unsigned)(max / ((uint64_t)smp->sockets * dies * clusters * smp->threads));
    } else if (!smp->sockets) {
        smp->threads = smp->threads ? smp->threads : 1;
        smp->sockets = (unsigned)(max / ((uint64_t)dies * clusters * smp->cores * smp->threads));
    } else if (!smp->threads) {
        smp->threads = (unsigned)(max / ((uint64_t)smp->sockets * dies * clusters * smp->cores));
    }
}

int vn_qemucmd_smp(struct vn_qemu_line *line)
{
    struct vn_qemu_cmd *cmd = line->cmd;
    struct smp smp = {0};
    uint64_t product = 1;
    int r = read_parts(line, &smp);

    if (r < 0)
        return r;
    fill_up(&smp);
    /* each step stays below VN_CPU_MAX squared */
    for (size_t i = 0; i < 5 && product <= VN_CPU_MAX; i++)
        product *= (const unsigned[]){smp.sockets, smp.dies, smp.clusters, smp.cores, smp.threads}[i];
    if (!smp.max && product <= VN_CPU_MAX)
        smp.max = (unsigned)product;
    if (!smp.cpus)
        smp.cpus = smp.max;
    if (!smp.cpus || smp.cpus > smp.max || product != smp.max)
        return VN_FAIL(line->err, VN_E_FORMAT, .where = "-smp", .cause = "sockets, cores and threads that do not make "
                                                                         "up the number of vCPUs");
    cmd->vcpus = smp.cpus;
    cmd->vcpus_max = smp.max;
    cmd->topology = (struct vn_guest_topology){smp.sockets, smp.dies, smp.clusters * smp.cores, smp.threads};
    return 0;
}
