/* The sandbox's own videos: who is seen in them, when and where.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-media.h"

G_BEGIN_DECLS

typedef enum {
  SANDBOX_NO_SAMPLE,            /* somebody's video */
  SANDBOX_ONE_FACE,             /* /sandbox/face.mp4 */
  SANDBOX_THREE_FACES,          /* /sandbox/faces.mp4 */
  SANDBOX_SAMPLES               /* how many values there are */
} SandboxSample;

/* A face, while it is visible. It is where it is for all that time. */
typedef struct {
  const char *id;
  double start, end;            /* seconds */
  int x, y, width, height;      /* pixels */
} SandboxFaceSpan;

const SandboxVideoInfo *sandbox_sample_info (SandboxSample sample);
const SandboxFaceSpan *sandbox_sample_faces (SandboxSample sample,
    guint *count);
const char *sandbox_sample_name (SandboxSample sample);
char *sandbox_sample_picture (SandboxSample sample, guint face);
SandboxSample sandbox_sample_of_file (const char *path);
gboolean sandbox_sample_mark (SandboxSample sample, const char *path,
    GError **error);

G_END_DECLS
