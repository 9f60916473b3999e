/* klinglipsync: samples as the file that is sent
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "gstklingsamples.h"

G_BEGIN_DECLS

gint gst_kling_wav_get_lowest_rate (gint rate);
guint64 gst_kling_wav_get_most_frames (gint rate);
gint gst_kling_wav_choose_rate (gint rate, guint64 frames);

KlingSpool *gst_kling_wav_new (const KlingSpool * samples, guint64 frames,
    gint rate, gchar ** digest, GError ** error);

G_END_DECLS
