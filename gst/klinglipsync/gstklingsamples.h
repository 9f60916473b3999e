/* klinglipsync: 16-bit mono samples in a spool
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/audio/audio.h>
#include "kling-spool.h"

G_BEGIN_DECLS

/* Bytes of a sample: S16LE, one channel */
#define GST_KLING_SAMPLE_SIZE 2

GstAudioConverter *gst_kling_samples_new_converter (const GstAudioInfo * from,
    gint rate);

GstBuffer *gst_kling_samples_interleave (GstBuffer * buffer,
    const GstAudioInfo * info);

gboolean gst_kling_samples_append (KlingSpool * spool,
    GstAudioConverter * converter, gconstpointer data, gsize frames,
    guint64 most, GError ** error);
gboolean gst_kling_samples_append_tail (KlingSpool * spool,
    GstAudioConverter * converter, const GstAudioInfo * from, guint64 missing,
    GError ** error);
gboolean gst_kling_samples_append_silence (KlingSpool * spool, guint64 frames,
    GError ** error);

guint64 gst_kling_samples_get_frames (const KlingSpool * spool);

G_END_DECLS
