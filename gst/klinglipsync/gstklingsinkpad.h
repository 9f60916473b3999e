/* klinglipsync: the element's own sink pads
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

void gst_kling_sink_pad_setup (GstPad * pad);

G_END_DECLS
