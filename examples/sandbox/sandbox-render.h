/* Makes the videos.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-sample.h"
#include "sandbox-voices.h"

G_BEGIN_DECLS

/* A cut of the speech, and its place in the video. Seconds and factors; what
 * does not fit is left out. */
typedef struct {
  double start, end;            /* of the cut, in the speech */
  double insert;                /* its beginning, in the video */
  double volume;                /* of the speech */
  double original_volume;       /* of the video's own sound, outside the cut */
} SandboxWindow;

/* One result to make. Paths are absolute. Without a window it is as long as
 * the speech and the video is repeated; with one it is as long as the video,
 * and the mouth moves in the window only. */
typedef struct {
  const char *source;           /* (nullable): the video; the sample */
  SandboxSample sample;         /* without `source` */
  int face;                     /* of the sample's: whose mouth moves */
  const char *text;             /* (nullable): spoken into `speech` */
  const SandboxVoice *voice;    /* with `text` */
  const char *language;         /* with `text` */
  double speed;                 /* with `text`: 1 is the voice's own */
  const SandboxWindow *window;  /* (nullable) */
  const char *speech;           /* the speech as a sound file */
  const char *result;           /* the MP4 to write */
  int *permille;                /* how far it is; atomic */
  GCancellable *stop;
} SandboxRender;

gboolean sandbox_render_is_possible (GError **error);
gboolean sandbox_render_run (const SandboxRender *render, double *duration,
    GError **error);
gboolean sandbox_render_say (const char *text, const SandboxVoice *voice,
    const char *language, double speed, const char *path, double *duration,
    GCancellable *stop, GError **error);
gboolean sandbox_render_sample (SandboxSample sample, const char *path,
    GCancellable *stop, GError **error);
gboolean sandbox_render_picture (SandboxSample sample, int face,
    const char *path, GError **error);

G_END_DECLS
