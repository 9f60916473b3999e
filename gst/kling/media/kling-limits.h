/* klinglipsync: how long and how large what we send may be
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whatever the service: what we make has at most so many bytes, and no audio is
 * sent that has more. The unit of the service's "5 MB" is not documented, so we
 * stay below the smaller meaning and refuse above the larger one. */
#define KLING_AUDIO_BYTES_MADE G_GINT64_CONSTANT (5000000)
#define KLING_AUDIO_BYTES_MAX G_GINT64_CONSTANT (5242880)
/* More than this is no source video for a minute of lip-sync: not collected. */
#define KLING_VIDEO_BYTES_MAX (G_GINT64_CONSTANT (1024) * 1024 * 1024)
/* A text of this many bytes takes hours to say: not collected. */
#define KLING_TEXT_BYTES_MAX 65536

/**
 * KlingLimits:
 * @documented: the service documents these figures, so what is beyond them is
 *   refused; otherwise they are presumed to hold and what is beyond is warned
 *   about
 * @text_max: characters
 * @audio_min: microseconds
 * @audio_max: microseconds
 * @video_min: microseconds
 * @video_max: microseconds
 * @video_bytes: bytes
 * @side_min: pixels, of each side of the picture
 * @side_max: pixels
 *
 * The limits of one dialect, constants of its file.
 */
typedef struct
{
  gboolean documented;
  guint text_max;
  gint64 audio_min;
  gint64 audio_max;
  gint64 video_min;
  gint64 video_max;
  goffset video_bytes;
  guint side_min;
  guint side_max;
} KlingLimits;

/* What is so little too long is trimmed, or let pass, with a warning: 1 %. */
#define KLING_LIMITS_GRACE(length) ((length) / 100)

G_END_DECLS
