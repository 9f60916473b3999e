/* klinglipsync: which part of the speech is said, and when
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-face.h"
#include "kling-limits.h"
#include "kling-request.h"

G_BEGIN_DECLS

/**
 * KlingCut:
 * @start: where the part begins in the audio
 * @end: where it ends
 * @insert: where it begins in the video
 *
 * What a dialect that chooses the face says about time, in milliseconds.
 */
typedef struct
{
  gint64 start;
  gint64 end;
  gint64 insert;
} KlingCut;

gboolean kling_cut_choose (KlingCut * cut, const KlingRequest * request,
    gint64 audio_length, const KlingLimits * limits, GError ** error);
gboolean kling_cut_place (KlingCut * cut, const KlingRequest * request,
    const KlingFace * face, gint64 video_length, GError ** error);

G_END_DECLS
