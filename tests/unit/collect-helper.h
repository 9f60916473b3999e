/* klinglipsync: what the tests of the collect share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/check/gstcheck.h>

#include "gstklingcollect.h"

/* A service that documents 2 to 60 s, and one of which that is presumed */
extern const KlingLimits documented_limits;
extern const KlingLimits presumed_limits;

/* A collect that is freed at the end of its block */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstKlingCollect, gst_kling_collect_free)

void set_caps (GstKlingCollect * collect, const gchar * caps);
void refuse_caps (GstKlingCollect * collect, const gchar * caps,
    const gchar * expected);
void set_segment (GstKlingCollect * collect, GstFormat format, guint64 start,
    guint64 base);

GstBuffer *make_buffer (gconstpointer data, gsize size);
void push (GstKlingCollect * collect, GstBuffer * buffer);
void refuse (GstKlingCollect * collect, GstBuffer * buffer,
    const gchar * expected);

void check_error (GError * error, const gchar * expected);

/* A finished WAV file, read back */
typedef struct
{
  KlingMedia *media;
  GPtrArray *warnings;
  gint rate;
  gsize frames;
  gint16 *samples;
} Sent;

void sent_clear (Sent * sent);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sent, sent_clear)

Sent finish_samples (GstKlingCollect * collect);

GstClockTime time_of (guint64 frame, gint rate);
gdouble tone (gdouble seconds, gint channel);
gint16 tone_s16 (guint64 frame, gint rate);
GstBuffer *make_tone (guint64 frame, gsize frames, gint rate);
void push_tone (GstKlingCollect * collect, guint64 start, guint64 end,
    gint rate);

void check_sample (const Sent * sent, gsize i, gdouble expected,
    gdouble tolerance);
void check_tone (const Sent * sent, gsize start, gsize frames,
    guint64 tone_start, gint rate);
void check_silence (const Sent * sent, gsize start, gsize frames);
void check_lag (const Sent * sent, gsize start, gsize end);
