/* SPDX-License-Identifier: MIT */
#include "app/app.h"

int vn_app_observe(struct vn_app *app, const char *const *names, size_t n_names, struct vn_snapshot *ret,
                   struct vn_err *err)
{
    struct vn_snapshot snapshot = {0};
    int r = app->hv->ops->observe(app->hv->self, n_names ? names : NULL, n_names, app->progress, &snapshot, err);

    if (r < 0) {
        vn_snapshot_drop(&snapshot);
        return r;
    }
    if (app->policy)
        vn_snapshot_set_policy(&snapshot, app->policy);
    *ret = snapshot;
    return 0;
}
