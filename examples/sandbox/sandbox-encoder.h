/* Pictures and sound in, a file out.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "sandbox-media.h"
#include "sandbox-raster.h"

G_BEGIN_DECLS

typedef struct _SandboxEncoder SandboxEncoder;

SandboxEncoder *sandbox_encoder_new (const char *path, int width, int height,
    GError **error);
SandboxEncoder *sandbox_encoder_new_still (const char *path, int width,
    int height, GError **error);
void sandbox_encoder_free (SandboxEncoder *encoder);
void sandbox_encoder_push_sound (SandboxEncoder *encoder,
    const SandboxSound *sound, guint frames);
GstBuffer *sandbox_encoder_new_picture (SandboxEncoder *encoder,
    GstMapInfo *map, SandboxPicture *picture);
gboolean sandbox_encoder_push_picture (SandboxEncoder *encoder,
    GstBuffer *buffer, GstMapInfo *map, GError **error);
gboolean sandbox_encoder_finish (SandboxEncoder *encoder, GError **error);
gboolean sandbox_encoder_make_mp3 (const char *wav, const char *path,
    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxEncoder, sandbox_encoder_free)

G_END_DECLS
