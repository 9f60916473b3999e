/* Pictures: the samples' persons in front of a background, or a mouth on
 * somebody else's picture, and the SANDBOX mark.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-raster.h"
#include "sandbox-sample.h"

G_BEGIN_DECLS

typedef struct _SandboxScene SandboxScene;

SandboxScene *sandbox_scene_new (SandboxSample sample, int width, int height);
void sandbox_scene_free (SandboxScene *scene);
void sandbox_scene_draw (SandboxScene *scene, const SandboxPicture *picture,
    double time, int speaker, double opening);
void sandbox_scene_draw_portrait (SandboxScene *scene,
    const SandboxPicture *picture, int face);
void sandbox_scene_draw_mouth (SandboxScene *scene,
    const SandboxPicture *picture, double opening);
void sandbox_scene_draw_mark (SandboxScene *scene,
    const SandboxPicture *picture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxScene, sandbox_scene_free)

G_END_DECLS
