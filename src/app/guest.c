/* SPDX-License-Identifier: MIT */
#include "app/guest.h"

/* 8192 CPUs have more; those that are sold today have a tenth of it. */
enum { INTERRUPTS_MAX = 4 * 1024 * 1024 };

static int ask_online(struct vn_app *app, const char *vm, struct vn_cpuset *ret, struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r = app->hv->ops->setting(app->hv->self, vm, "guest.online", &text, err);

    return r < 0 ? r : vn_err_ctx(err, vn_cpuset_parse(vn_buf_text(&text), ret, err), "the CPUs of the guest '%s'", vm);
}

static int ask_interrupts(struct vn_app *app, const char *vm, struct vn_arena *arena, struct vn_guest_cpus *ret,
                          struct vn_err *err)
{
    VN_AUTO(vn_buf) text = {0};
    int r;

    if (!app->hv->guest)
        return VN_FAIL(err, VN_E_REFUSED, .cause = "there is no way into the guests of this host", .got = app->hv->uri);
    r = app->hv->guest->read_file(app->hv->self, vm, "/proc/interrupts", INTERRUPTS_MAX, &text, err);
    if (r < 0)
        return r;
    return vn_err_ctx(err, vn_interrupts_parse(vn_buf_text(&text), arena, &ret->interrupts, &ret->n_interrupts, err),
                      "the guest '%s'", vm);
}

void vn_app_guest_cpus(struct vn_app *app, const char *vm, bool interrupts, struct vn_arena *arena,
                       struct vn_guest_cpus *ret)
{
    *ret = (struct vn_guest_cpus){0};
    if (ask_online(app, vm, &ret->online, &ret->no_online) < 0)
        ret->no_interrupts = ret->no_online; /* an agent that does not answer is not asked twice */
    else if (!interrupts)
        (void)VN_FAIL(&ret->no_interrupts, VN_E_ABSENT, .cause = "nobody asked for the guest's interrupts");
    else
        (void)!ask_interrupts(app, vm, arena, ret, &ret->no_interrupts); /* the caller reads it there */
}

int64_t vn_guest_cpu_interrupts(const struct vn_guest_cpus *guest, unsigned cpu)
{
    for (size_t i = 0; i < guest->n_interrupts; i++)
        if (guest->interrupts[i].cpu == cpu)
            return (int64_t)guest->interrupts[i].count;
    return -1;
}

bool vn_guest_cpus_match(const struct vn_cpuset *plugged)
{
    return vn_cpuset_last(plugged) + 1 == (int)vn_cpuset_count(plugged);
}
