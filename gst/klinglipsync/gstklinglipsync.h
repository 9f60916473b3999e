/* klinglipsync: makes a face speak
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>
#include "kling-journal.h"

G_BEGIN_DECLS

#define GST_TYPE_KLING_LIPSYNC (gst_kling_lipsync_get_type ())
G_DECLARE_FINAL_TYPE (GstKlingLipsync, gst_kling_lipsync, GST, KLING_LIPSYNC,
    GstBin)

GST_ELEMENT_REGISTER_DECLARE (klinglipsync);

/* For the private child, which waits and reads on behalf of the element */
GstFlowReturn gst_kling_lipsync_obtain_result (GstKlingLipsync * self,
    KlingResult ** result);
void gst_kling_lipsync_set_flushing (GstKlingLipsync * self,
    gboolean flushing);

/* For the sink pads */
gboolean gst_kling_lipsync_is_closed (GstKlingLipsync * self);
gboolean gst_kling_lipsync_hear (GstKlingLipsync * self);
void gst_kling_lipsync_end_input (GstKlingLipsync * self, GstPad * pad);
void gst_kling_lipsync_restart_input (GstKlingLipsync * self, GstPad * pad,
    gboolean flushed);
GstFlowReturn gst_kling_lipsync_refuse_input (GstKlingLipsync * self,
    const GError * error);

G_END_DECLS
