/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/cpuxml_priv.h"
#include "codec/domxml_parts.h"

/* The CPU model that a VM asks for, put into its XML. */

static bool is_asked(const struct vn_cpu *cpu, const char *mode, const char *model)
{
    return !strcmp(*cpu->mode || !*cpu->model ? cpu->mode : "custom", mode) &&
           (!model || !strcmp(cpu->model, model));
}

/* What libvirt writes first, and its defaults for the new mode; but an emulated guest would have check='none',
 * and start without those features of its model that are not there. */
static int set_attrs(xmlNode *cpu, const char *mode, bool custom)
{
    vn_edit_drop_attrs(cpu);
    if (vn_edit_attr(cpu, "mode", mode) < 0)
        return -VN_E_NOMEM;
    if (custom && (vn_edit_attr(cpu, "match", "exact") < 0 || vn_edit_attr(cpu, "check", "partial") < 0))
        return -VN_E_NOMEM;
    return 0;
}

/* forbid: a guest must not get another model than the one that was asked for. */
static int set_model(xmlNode *cpu, const char *model)
{
    xmlNode *node = vn_edit_child(cpu, "model");
    xmlChar *text;

    if (!node)
        return -VN_E_NOMEM;
    vn_edit_drop_attrs(node);
    text = xmlEncodeSpecialChars(node->doc, (const xmlChar *)model);
    if (!text)
        return -VN_E_NOMEM;
    xmlNodeSetContent(node, text);
    xmlFree(text);
    return vn_edit_attr(node, "fallback", "forbid");
}

static int change(xmlNode *root, const struct vn_cpu *now, const char *mode, const char *model, bool drop_features)
{
    xmlNode *cpu = vn_edit_child(root, "cpu");

    if (!cpu)
        return -VN_E_NOMEM;
    if (drop_features)
        vn_edit_remove_all(cpu, "feature");
    if (is_asked(now, mode, model))
        return 0;
    vn_edit_remove_all(cpu, "vendor");
    if (!model)
        vn_edit_remove_all(cpu, "model");
    if (set_attrs(cpu, mode, model != NULL) < 0)
        return -VN_E_NOMEM;
    return model ? set_model(cpu, model) : 0;
}

int vn_domxml_set_cpu(const char *xml, size_t len, const char *mode, const char *model, bool drop_features,
                      struct vn_buf *ret_xml, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    VN_AUTO(vn_xml) tree = {0};
    struct vn_cpu now = {0};
    int r = vn_xml_read(xml, len, VN_DOMXML_MAX, "domain", &tree, err);

    if (r == 0)
        r = vn_cpuxml_read(vn_xml_child(vn_xml_root(&tree), "cpu"), &arena, &now, err);
    if (r == 0 && change(vn_xml_root(&tree), &now, mode, model, drop_features) < 0)
        r = vn_nomem(err);
    if (r == 0)
        r = vn_xml_write(&tree, false, ret_xml, err);
    return r < 0 ? vn_err_ctx(err, r, "cannot put the CPU model into the domain XML") : 0;
}
