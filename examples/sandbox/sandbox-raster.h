/* A small painter for I420 pictures: filled, smooth-edged paths.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A picture whose planes lie one after the other; sides divisible by 8. */
typedef struct {
  guint8 *planes[3];
  int width;
  int height;
} SandboxPicture;

/* Maps a drawing's coordinates to pixels: x' = a x + c y + e, ... */
typedef struct {
  double a, b, c, d, e, f;
} SandboxMatrix;

/* Colours are 0xRRGGBBAA. Between two points the first fades into the second;
 * with a radius, from the centre (x0, y0) outwards. */
typedef struct {
  guint32 from;
  guint32 to;
  double x0, y0, x1, y1;
  double radius;
} SandboxPaint;

#define SANDBOX_SOLID(colour) \
    ((SandboxPaint) {.from = (colour),.to = (colour) })
#define SANDBOX_FADE(ax, ay, first, bx, by, second) \
    ((SandboxPaint) {.from = (first),.to = (second),.x0 = (ax),.y0 = (ay), \
        .x1 = (bx),.y1 = (by) })
#define SANDBOX_GLOW(cx, cy, r, first, second) \
    ((SandboxPaint) {.from = (first),.to = (second),.x0 = (cx),.y0 = (cy), \
        .radius = (r) })

typedef struct _SandboxPainter SandboxPainter;

gsize sandbox_picture_size (int width, int height);
void sandbox_picture_init (SandboxPicture *picture, guint8 *data, int width,
    int height);

SandboxMatrix sandbox_matrix_turn (SandboxMatrix m, double angle, double x,
    double y);
SandboxMatrix sandbox_matrix_move (SandboxMatrix m, double x, double y);
SandboxMatrix sandbox_matrix_scale (SandboxMatrix m, double x, double y);

SandboxPainter *sandbox_painter_new (int width, int height);
void sandbox_painter_free (SandboxPainter *painter);
void sandbox_painter_set_target (SandboxPainter *painter,
    const SandboxPicture *picture);
void sandbox_painter_set_matrix (SandboxPainter *painter,
    const SandboxMatrix *matrix);
void sandbox_painter_set_tint (SandboxPainter *painter, guint32 tint);

void sandbox_move_to (SandboxPainter *painter, double x, double y);
void sandbox_line_to (SandboxPainter *painter, double x, double y);
void sandbox_curve_to (SandboxPainter *painter, double x1, double y1,
    double x2, double y2, double x3, double y3);
void sandbox_ellipse (SandboxPainter *painter, double x, double y, double rx,
    double ry);
void sandbox_rectangle (SandboxPainter *painter, double x, double y,
    double width, double height);
void sandbox_fill (SandboxPainter *painter, SandboxPaint paint);
void sandbox_clip (SandboxPainter *painter);
void sandbox_unclip (SandboxPainter *painter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxPainter, sandbox_painter_free)

G_END_DECLS
