/* The drawn face, the mouth, and the SANDBOX mark.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-raster.h"

G_BEGIN_DECLS

#define SANDBOX_FACE_WIDTH 1280
#define SANDBOX_FACE_HEIGHT 720
#define SANDBOX_FACE_SECONDS 8

typedef struct _SandboxFace SandboxFace;

SandboxFace *sandbox_face_new (int width, int height);
void sandbox_face_free (SandboxFace *face);
void sandbox_face_draw (SandboxFace *face, const SandboxPicture *picture,
    double time, double opening);
void sandbox_face_draw_mouth (SandboxFace *face,
    const SandboxPicture *picture, double opening);
void sandbox_face_draw_mark (SandboxFace *face,
    const SandboxPicture *picture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxFace, sandbox_face_free)

G_END_DECLS
