/* klinglipsync: the element's pads
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

void gst_kling_pads_setup_sink (GstPad * pad);
gboolean gst_kling_pads_is_linked (GstPad * pad);

G_END_DECLS
