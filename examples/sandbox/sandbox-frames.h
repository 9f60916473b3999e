/* The pictures of somebody's video, one after the other, for ever.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-media.h"

G_BEGIN_DECLS

typedef struct _SandboxFrames SandboxFrames;

SandboxFrames *sandbox_frames_new (const char *path, GError **error);
void sandbox_frames_free (SandboxFrames *frames);
void sandbox_frames_get_size (SandboxFrames *frames, int *width, int *height);
void sandbox_frames_next (SandboxFrames *frames, guint8 *picture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxFrames, sandbox_frames_free)

G_END_DECLS
