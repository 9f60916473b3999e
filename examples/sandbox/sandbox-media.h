/* What a fetched file is, and whether the service would take it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-util.h"

G_BEGIN_DECLS

/* All sound in here is one channel of 16 bit at this rate. */
#define SANDBOX_RATE 48000
#define SANDBOX_FPS 25
#define SANDBOX_FRAME (SANDBOX_RATE / SANDBOX_FPS)

/* Encoders pad a little, so lengths have some grace. */
#define SANDBOX_GRACE_SECONDS 0.1

#define SANDBOX_MAX_VIDEO_BYTES (100 * 1024 * 1024)
#define SANDBOX_MAX_AUDIO_BYTES (5 * 1024 * 1024)
#define SANDBOX_MAX_IMAGE_BYTES (10 * 1024 * 1024)

typedef struct {
  double duration;              /* seconds */
  guint width;                  /* square pixels */
  guint height;
} SandboxVideoInfo;

/* A video lasts 2 s at least. */
typedef struct {
  double max_seconds;
  guint min_side;               /* pixels */
  guint max_side;
} SandboxVideoLimits;

typedef struct {
  gint16 *samples;
  gsize count;
} SandboxSound;

gboolean sandbox_media_probe_video (const char *path, SandboxVideoInfo *info,
    GError **error);
gboolean sandbox_media_check_video (const char *path,
    const SandboxVideoLimits *limits, SandboxVideoInfo *info, GError **error);
gboolean sandbox_media_check_length (double seconds, GError **error);
gboolean sandbox_media_check_audio (const char *path, double *seconds,
    GCancellable *stop, GError **error);
gboolean sandbox_media_check_image (const char *path, GError **error);
gboolean sandbox_media_decode (const char *path, SandboxSound *sound,
    GCancellable *stop, GError **error);
void sandbox_sound_clear (SandboxSound *sound);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SandboxSound, sandbox_sound_clear)

G_END_DECLS
