/* A drawn person.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-raster.h"

G_BEGIN_DECLS

/* How many different persons there are. */
#define SANDBOX_LOOKS 3

/* The head around the middle of the face, and the mouth below it. */
#define SANDBOX_HEAD_WIDTH 248
#define SANDBOX_HEAD_TOP 168
#define SANDBOX_MOUTH_Y 105

/* How a person is at one moment. */
typedef struct {
  double sway_x, sway_y, tilt;
  double lid;                   /* 0 open .. 1 closed */
  double opening;               /* of the mouth, 0 .. 1 */
} SandboxPose;

void sandbox_face_draw (SandboxPainter *p, guint look, SandboxMatrix body,
    const SandboxPose *pose);
void sandbox_face_draw_mouth (SandboxPainter *p, SandboxMatrix place,
    double opening);

G_END_DECLS
