/* What has to be fetched and looked at before a call can be answered.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-exchange.h"
#include "sandbox-session.h"
#include "sandbox-task.h"

G_BEGIN_DECLS

/* One file to fetch, or to decode, and to look at. */
typedef struct {
  char *url;                    /* (nullable): nothing to fetch */
  const char *base64;           /* (nullable): it came with the call */
  char *path;                   /* (nullable): where it is put */
  guint status;                 /* HTTP, 0: none */
} SandboxInput;

/* Belongs to the worker's thread from the moment it is sent until it is back. */
typedef struct {
  SandboxExchange *exchange;
  GCancellable *stop;
  GError *error;                /* what the service would say */
  const SandboxVideoLimits *limits;     /* of `video` */
  SandboxInput video;
  SandboxVideoInfo info;
  SandboxSample sample;         /* which one `video` is */
  char *digest;                 /* of `video` */
  SandboxInput audio;
  double seconds;               /* of `audio` */
  SandboxInput image;
  JsonObject *body;             /* (nullable): owns the strings of `create` */
  SandboxCreate create;
  SandboxTask *task;            /* (nullable): what becomes of a create */
} SandboxErrand;

SandboxErrand *sandbox_errand_new (SandboxExchange *exchange);
void sandbox_errand_free (SandboxErrand *errand);
void sandbox_errand_plan (SandboxErrand *errand, SandboxInput *file,
    const char *url, const char *base64);
void sandbox_errand_get_video (SandboxErrand *errand);
void sandbox_errand_get_audio (SandboxErrand *errand);
void sandbox_errand_get_image (SandboxErrand *errand);
void sandbox_errand_record (SandboxErrand *errand);
SandboxSession *sandbox_errand_keep_video (SandboxErrand *errand,
    GError **error);
gboolean sandbox_errand_keep_audio (SandboxErrand *errand, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxErrand, sandbox_errand_free)

G_END_DECLS
