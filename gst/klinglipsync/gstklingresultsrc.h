/* klinglipsync: reads the result out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/base/gstpushsrc.h>
#include "gstklinglipsync.h"

G_BEGIN_DECLS

#define GST_TYPE_KLING_RESULT_SRC (gst_kling_result_src_get_type ())
G_DECLARE_FINAL_TYPE (GstKlingResultSrc, gst_kling_result_src, GST,
    KLING_RESULT_SRC, GstPushSrc)

#define GST_KLING_RESULT_CAPS "video/quicktime, variant = (string) iso"

GstElement *gst_kling_result_src_new (GstKlingLipsync * owner);
void gst_kling_result_src_disown (GstKlingResultSrc * self);

G_END_DECLS
