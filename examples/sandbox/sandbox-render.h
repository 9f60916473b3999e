/* Makes the videos.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-media.h"
#include "sandbox-voices.h"

G_BEGIN_DECLS

/* One result to make. Paths are absolute. */
typedef struct {
  const char *source;           /* (nullable): the video; the sample */
  const char *text;             /* (nullable): spoken into `speech` */
  const SandboxVoice *voice;    /* with `text` */
  const char *language;         /* with `text` */
  const char *speech;           /* the speech as a sound file */
  const char *result;           /* the MP4 to write */
  int *permille;                /* how far it is; atomic */
  GCancellable *stop;
} SandboxRender;

gboolean sandbox_render_is_possible (GError **error);
gboolean sandbox_render_run (const SandboxRender *render, double *duration,
    GError **error);
gboolean sandbox_render_sample (const char *path, GCancellable *stop,
    GError **error);
gboolean sandbox_render_picture (const char *path, GError **error);
gboolean sandbox_render_is_sample (const char *path);

extern const SandboxVideoInfo sandbox_sample_info;

G_END_DECLS
