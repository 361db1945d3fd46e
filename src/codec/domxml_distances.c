/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "codec/domxml_parts.h"

/* <cell><distances>: how far apart the guest sees its cells; without them it believes 10 and 20. */

static unsigned number_of(const xmlNode *node, const char *attr, unsigned otherwise)
{
    struct vn_err ignored = {0};
    unsigned value;

    return vn_xml_attr(node, attr) && vn_xml_uint(node, attr, UINT16_MAX, &value, &ignored) == 0 ? value : otherwise;
}

static bool says(const xmlNode *cell, const uint16_t *row, size_t n)
{
    size_t right = 0;

    for (const xmlNode *at = vn_xml_path(cell, "distances/sibling"); at; at = vn_xml_next(at, "sibling")) {
        unsigned id = number_of(at, "id", UINT16_MAX);

        if (id >= n || number_of(at, "value", 0) != row[id])
            return false;
        right++;
    }
    return right == n;
}

static int write_row(xmlNode *cell, const uint16_t *row, size_t n)
{
    xmlNode *distances, *last = NULL;

    vn_edit_remove_all(cell, "distances");
    distances = vn_edit_child(cell, "distances");
    for (size_t i = 0; distances && i < n; i++) {
        last = vn_edit_insert(distances, last, "sibling");
        if (!last || vn_edit_attr_uint(last, "id", i) < 0 || vn_edit_attr_uint(last, "value", row[i]) < 0)
            return -VN_E_NOMEM;
    }
    return distances ? 0 : -VN_E_NOMEM;
}

int vn_place_distances(xmlNode *numa, const struct vn_placement *placement)
{
    unsigned position = 0;

    for (xmlNode *cell = vn_xml_child(numa, "cell"); cell; cell = vn_xml_next(cell, "cell"), position++) {
        unsigned id = number_of(cell, "id", position);
        const uint16_t *row = placement->distances ? placement->distances + id * placement->n_cells : NULL;

        if (row && id < placement->n_cells && !says(cell, row, placement->n_cells) &&
            write_row(cell, row, placement->n_cells) < 0)
            return -VN_E_NOMEM;
    }
    return 0;
}
