/* klinglipsync: raw audio on one timeline
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/audio/audio.h>
#include "kling-media.h"

G_BEGIN_DECLS

/**
 * GstKlingTimeline:
 *
 * Buffers of raw audio, each put where it belongs in running time, as S16 mono
 * samples at the rate of the first of them.
 */
typedef struct _GstKlingTimeline GstKlingTimeline;

GstKlingTimeline *gst_kling_timeline_new (const KlingLimits * limits);
void gst_kling_timeline_free (GstKlingTimeline * timeline);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstKlingTimeline, gst_kling_timeline_free)

gboolean gst_kling_timeline_set_caps (GstKlingTimeline * timeline,
    GstCaps * caps, GError ** error);
gboolean gst_kling_timeline_set_segment (GstKlingTimeline * timeline,
    const GstSegment * segment, gboolean live, GError ** error);
gboolean gst_kling_timeline_add (GstKlingTimeline * timeline,
    GstBuffer * buffer, GError ** error);
gboolean gst_kling_timeline_add_gap (GstKlingTimeline * timeline,
    GstClockTime timestamp, GstClockTime duration, GError ** error);

gboolean gst_kling_timeline_is_empty (const GstKlingTimeline * timeline);
KlingMedia *gst_kling_timeline_finish (GstKlingTimeline * timeline,
    GPtrArray * warnings, GError ** error);

G_END_DECLS
