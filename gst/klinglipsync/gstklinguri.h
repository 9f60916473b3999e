/* klinglipsync: klinglipsync:// links
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "gstklinglipsync.h"

G_BEGIN_DECLS

#define GST_KLING_URI_PROTOCOL "klinglipsync"

void gst_kling_uri_handler_init (gpointer iface, gpointer data);
gchar *gst_kling_uri_dup_shown (GstKlingLipsync * self);

G_END_DECLS
