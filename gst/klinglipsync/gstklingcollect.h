/* klinglipsync: what came into a sink pad
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>
#include "kling-media.h"

G_BEGIN_DECLS

/**
 * GstKlingInput:
 * @GST_KLING_INPUT_AUDIO: what is said, samples or a whole file
 * @GST_KLING_INPUT_VIDEO: who speaks, a whole file
 * @GST_KLING_INPUT_TEXT: what is said, cues
 */
typedef enum
{
  GST_KLING_INPUT_AUDIO,
  GST_KLING_INPUT_VIDEO,
  GST_KLING_INPUT_TEXT,
} GstKlingInput;

/**
 * GstKlingCollect:
 *
 * All that came into one sink pad, in memory or in a file without a name. Has a
 * lock of its own, held for no longer than it takes to keep a buffer; any thread
 * may call any function. Nothing here posts, pushes or touches the network.
 */
typedef struct _GstKlingCollect GstKlingCollect;

GstKlingCollect *gst_kling_collect_new (GstKlingInput input,
    const KlingLimits * limits);
void gst_kling_collect_free (GstKlingCollect * collect);

void gst_kling_collect_reset (GstKlingCollect * collect,
    const KlingLimits * limits);
void gst_kling_collect_flush (GstKlingCollect * collect);

gboolean gst_kling_collect_set_caps (GstKlingCollect * collect,
    GstCaps * caps, GError ** error);
gboolean gst_kling_collect_set_segment (GstKlingCollect * collect,
    const GstSegment * segment, gboolean live, GError ** error);
gboolean gst_kling_collect_buffer (GstKlingCollect * collect,
    GstBuffer * buffer, GError ** error);
gboolean gst_kling_collect_gap (GstKlingCollect * collect,
    GstClockTime timestamp, GstClockTime duration, GError ** error);

GstKlingInput gst_kling_collect_get_input (const GstKlingCollect * collect);
gboolean gst_kling_collect_is_empty (GstKlingCollect * collect);
GstKlingCollect *gst_kling_collect_take (GstKlingCollect * collect);
KlingMedia *gst_kling_collect_finish_media (GstKlingCollect * collect,
    GPtrArray * warnings, GError ** error);
gchar *gst_kling_collect_finish_text (GstKlingCollect * collect,
    GError ** error);

G_END_DECLS
