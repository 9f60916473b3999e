/* A small painter for I420 pictures: filled, smooth-edged paths.
 *
 * A path is flattened into lines; each line adds the signed area that lies to
 * the right of it into a plane of floats, and a running sum along each row
 * then is how much of every pixel the path covers. Colour goes straight into
 * Y, U and V (BT.709, limited range): no conversion of whole pictures.
 *
 * One painter belongs to one thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-raster.h"

#include <math.h>
#include <string.h>

#define CURVE_STEPS 24

/* A quarter of a circle as one cubic curve. */
#define ROUND 0.5522847498

typedef struct
{
  int x0, y0, x1, y1;           /* the end is outside */
} Box;

typedef struct
{
  float y, u, v, alpha;
} Colour;

struct _SandboxPainter
{
  SandboxPicture picture;
  SandboxMatrix matrix;
  guint32 tint;
  int width, height;
  float *area;                  /* all 0 between two fills */
  float *clip;                  /* coverage by the clip path, 0 elsewhere */
  Box clip_box;
  gboolean clipped;
  float *rows[2];               /* coverage of two rows, for one of chroma */
  double x, y;                  /* in pixels: where the path is */
  double start_x, start_y;
  double min_x, min_y, max_x, max_y;
};

gsize
sandbox_picture_size (int width, int height)
{
  return (gsize) width *height * 3 / 2;
}

void
sandbox_picture_init (SandboxPicture * picture, guint8 * data, int width,
    int height)
{
  gsize luma = (gsize) width * height;

  picture->width = width;
  picture->height = height;
  picture->planes[0] = data;
  picture->planes[1] = data + luma;
  picture->planes[2] = data + luma + luma / 4;
}

SandboxMatrix
sandbox_matrix_move (SandboxMatrix m, double x, double y)
{
  m.e += m.a * x + m.c * y;
  m.f += m.b * x + m.d * y;
  return m;
}

SandboxMatrix
sandbox_matrix_scale (SandboxMatrix m, double x, double y)
{
  m.a *= x;
  m.b *= x;
  m.c *= y;
  m.d *= y;
  return m;
}

/* Around the point (x, y), clockwise, in radians. */
SandboxMatrix
sandbox_matrix_turn (SandboxMatrix m, double angle, double x, double y)
{
  double s = sin (angle), c = cos (angle);
  SandboxMatrix r;

  m = sandbox_matrix_move (m, x, y);
  r = m;
  r.a = m.a * c + m.c * s;
  r.b = m.b * c + m.d * s;
  r.c = m.c * c - m.a * s;
  r.d = m.d * c - m.b * s;
  return sandbox_matrix_move (r, -x, -y);
}

static void
reset_path (SandboxPainter * painter)
{
  painter->min_x = painter->min_y = G_MAXDOUBLE;
  painter->max_x = painter->max_y = -G_MAXDOUBLE;
}

/**
 * sandbox_painter_new:
 * @width: of every picture that is painted
 * @height: of every picture that is painted
 *
 * Returns: (transfer full): a painter
 */
SandboxPainter *
sandbox_painter_new (int width, int height)
{
  SandboxPainter *painter = g_new0 (SandboxPainter, 1);

  painter->width = width;
  painter->height = height;
  painter->area = g_new0 (float, (gsize) (width + 2) * (height + 1));
  painter->clip = g_new0 (float, (gsize) width * height);
  painter->rows[0] = g_new0 (float, width + 2);
  painter->rows[1] = g_new0 (float, width + 2);
  painter->matrix = (SandboxMatrix) {
  1, 0, 0, 1, 0, 0};
  painter->tint = 0xffffffff;
  reset_path (painter);
  return painter;
}

void
sandbox_painter_free (SandboxPainter * painter)
{
  g_free (painter->area);
  g_free (painter->clip);
  g_free (painter->rows[0]);
  g_free (painter->rows[1]);
  g_free (painter);
}

void
sandbox_painter_set_target (SandboxPainter * painter,
    const SandboxPicture * picture)
{
  painter->picture = *picture;
}

void
sandbox_painter_set_matrix (SandboxPainter * painter,
    const SandboxMatrix * matrix)
{
  painter->matrix = *matrix;
}

/* What is filled from now on has each of its colours multiplied by @tint;
 * 0xffffffff leaves them as they are. */
void
sandbox_painter_set_tint (SandboxPainter * painter, guint32 tint)
{
  painter->tint = tint;
}

/* The part of a line inside one row: @x0 to @x1, @h of the row's height. The
 * area right of it goes to the pixels it crosses and the one after each. */
static void
add_in_row (float *row, int width, double x0, double x1, double h)
{
  double left = CLAMP (MIN (x0, x1), 0, width);
  double right = CLAMP (MAX (x0, x1), 0, width);
  int first = (int) left, last = (int) right;

  if (first == last) {
    double inside = (left + right) / 2 - first;

    row[first] += h * (1 - inside);
    row[first + 1] += h * inside;
    return;
  }
  for (int i = first; i <= last; i++) {
    double to = MIN (right, i + 1), from = MAX (left, i);
    double part = h * (to - from) / (right - left);
    double inside = (from + to) / 2 - i;

    row[i] += part * (1 - inside);
    row[i + 1] += part * inside;
  }
}

static void
add_line (SandboxPainter * painter, double x0, double y0, double x1, double y1)
{
  double sign = y0 < y1 ? 1 : -1, slope;
  double top = MIN (y0, y1), bottom = MAX (y0, y1);
  double top_x = y0 < y1 ? x0 : x1;

  if (bottom - top < 1e-9)
    return;
  slope = (x1 - x0) / (y1 - y0);
  for (int y = MAX (0, (int)floor (top)); y < painter->height && y < bottom;
      y++) {
    double from = MAX (top, y), to = MIN (bottom, y + 1);

    if (to > from)
      add_in_row (painter->area + (gsize) y * (painter->width + 2),
          painter->width, top_x + (from - top) * slope,
          top_x + (to - top) * slope, sign * (to - from));
  }
}

static void
line_to_pixel (SandboxPainter * painter, double x, double y)
{
  add_line (painter, painter->x, painter->y, x, y);
  painter->x = x;
  painter->y = y;
  painter->min_x = MIN (painter->min_x, x);
  painter->max_x = MAX (painter->max_x, x);
  painter->min_y = MIN (painter->min_y, y);
  painter->max_y = MAX (painter->max_y, y);
}

static double
pixel_x (SandboxPainter * painter, double x, double y)
{
  return painter->matrix.a * x + painter->matrix.c * y + painter->matrix.e;
}

static double
pixel_y (SandboxPainter * painter, double x, double y)
{
  return painter->matrix.b * x + painter->matrix.d * y + painter->matrix.f;
}

static void
close_path (SandboxPainter * painter)
{
  if (painter->max_x >= painter->min_x)
    line_to_pixel (painter, painter->start_x, painter->start_y);
}

void
sandbox_move_to (SandboxPainter * painter, double x, double y)
{
  close_path (painter);
  painter->start_x = painter->x = pixel_x (painter, x, y);
  painter->start_y = painter->y = pixel_y (painter, x, y);
  line_to_pixel (painter, painter->x, painter->y);
}

void
sandbox_line_to (SandboxPainter * painter, double x, double y)
{
  line_to_pixel (painter, pixel_x (painter, x, y), pixel_y (painter, x, y));
}

void
sandbox_curve_to (SandboxPainter * painter, double x1, double y1, double x2,
    double y2, double x3, double y3)
{
  double px[4] = { painter->x, pixel_x (painter, x1, y1),
    pixel_x (painter, x2, y2), pixel_x (painter, x3, y3)
  };
  double py[4] = { painter->y, pixel_y (painter, x1, y1),
    pixel_y (painter, x2, y2), pixel_y (painter, x3, y3)
  };

  for (int i = 1; i <= CURVE_STEPS; i++) {
    double t = (double) i / CURVE_STEPS, s = 1 - t;
    double w[4] = { s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t };

    line_to_pixel (painter,
        w[0] * px[0] + w[1] * px[1] + w[2] * px[2] + w[3] * px[3],
        w[0] * py[0] + w[1] * py[1] + w[2] * py[2] + w[3] * py[3]);
  }
}

void
sandbox_ellipse (SandboxPainter * painter, double x, double y, double rx,
    double ry)
{
  double kx = rx * ROUND, ky = ry * ROUND;

  sandbox_move_to (painter, x + rx, y);
  sandbox_curve_to (painter, x + rx, y + ky, x + kx, y + ry, x, y + ry);
  sandbox_curve_to (painter, x - kx, y + ry, x - rx, y + ky, x - rx, y);
  sandbox_curve_to (painter, x - rx, y - ky, x - kx, y - ry, x, y - ry);
  sandbox_curve_to (painter, x + kx, y - ry, x + rx, y - ky, x + rx, y);
}

void
sandbox_rectangle (SandboxPainter * painter, double x, double y, double width,
    double height)
{
  sandbox_move_to (painter, x, y);
  sandbox_line_to (painter, x + width, y);
  sandbox_line_to (painter, x + width, y + height);
  sandbox_line_to (painter, x, y + height);
}

/* One of four: 3 is red, 0 is alpha. */
static double
part_of (guint32 rgba, int which)
{
  return (rgba >> which * 8 & 255) / 255.0;
}

static Colour
to_colour (guint32 rgba, guint32 tint)
{
  double r = part_of (rgba, 3) * part_of (tint, 3);
  double g = part_of (rgba, 2) * part_of (tint, 2);
  double b = part_of (rgba, 1) * part_of (tint, 1);
  double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;

  return (Colour) {
  .y = 16 + 219 * y,.u = 128 + 224 * (b - y) / 1.8556,.v =
        128 + 224 * (r - y) / 1.5748,.alpha = part_of (rgba, 0),};
}

/* What is painted, in pixels. */
typedef struct
{
  Colour from, to;
  gboolean solid;
  float x, y, dx, dy;           /* linear: 0..1 along (dx, dy) */
  float per_radius;             /* radial: 1 / radius */
} Ink;

static Ink
make_ink (SandboxPainter * painter, const SandboxPaint * paint)
{
  Ink ink = { to_colour (paint->from, painter->tint),
    to_colour (paint->to, painter->tint), FALSE
  };
  double dx, dy, length;

  ink.solid = paint->from == paint->to;
  ink.x = pixel_x (painter, paint->x0, paint->y0);
  ink.y = pixel_y (painter, paint->x0, paint->y0);
  if (paint->radius > 0) {
    double size = sqrt (fabs (painter->matrix.a * painter->matrix.d -
            painter->matrix.b * painter->matrix.c));

    ink.per_radius = 1 / (paint->radius * size);
    return ink;
  }
  dx = pixel_x (painter, paint->x1, paint->y1) - ink.x;
  dy = pixel_y (painter, paint->x1, paint->y1) - ink.y;
  length = MAX (dx * dx + dy * dy, 1e-9);
  ink.dx = dx / length;
  ink.dy = dy / length;
  return ink;
}

static inline Colour
ink_at (const Ink * ink, float x, float y)
{
  float t;
  Colour c;

  if (ink->solid)
    return ink->from;
  if (ink->per_radius > 0)
    t = sqrtf ((x - ink->x) * (x - ink->x) + (y - ink->y) * (y - ink->y))
        * ink->per_radius;
  else
    t = (x - ink->x) * ink->dx + (y - ink->y) * ink->dy;
  t = CLAMP (t, 0.0f, 1.0f);
  c.y = ink->from.y + (ink->to.y - ink->from.y) * t;
  c.u = ink->from.u + (ink->to.u - ink->from.u) * t;
  c.v = ink->from.v + (ink->to.v - ink->from.v) * t;
  c.alpha = ink->from.alpha + (ink->to.alpha - ink->from.alpha) * t;
  return c;
}

static inline guint8
blend (guint8 old, float colour, float alpha)
{
  return old + (colour - old) * alpha + 0.5f;
}

/* Even limits, so that chroma is painted by whole samples. */
static Box
path_box (SandboxPainter * painter)
{
  Box box = {
    .x0 = (int) floor (CLAMP (painter->min_x, 0, painter->width)) & ~1,
    .y0 = (int) floor (CLAMP (painter->min_y, 0, painter->height)) & ~1,
    .x1 = ((int) ceil (CLAMP (painter->max_x, 0, painter->width)) + 2) & ~1,
    .y1 = ((int) ceil (CLAMP (painter->max_y, 0, painter->height)) + 1) & ~1,
  };

  box.x1 = MIN (box.x1, painter->width);
  box.y1 = MIN (box.y1, painter->height);
  return box;
}

/* Sums one row up, and leaves zeros behind. */
static void
sum_row (SandboxPainter * painter, const Box * box, int y, float *out)
{
  float *area = painter->area + (gsize) y * (painter->width + 2);
  float sum = 0;

  for (int x = box->x0; x < box->x1; x++) {
    sum += area[x];
    out[x] = MIN (fabsf (sum), 1);
  }
  memset (area + box->x0, 0, sizeof *area * (box->x1 - box->x0));
  area[painter->width] = area[painter->width + 1] = 0;
  if (painter->clipped) {
    const float *clip = painter->clip + (gsize) y * painter->width;

    for (int x = box->x0; x < box->x1; x++)
      out[x] *= clip[x];
  }
}

static void
paint_luma (SandboxPainter * painter, const Box * box, int y, const float *row,
    const Ink * ink)
{
  guint8 *line = painter->picture.planes[0] + (gsize) y * painter->width;

  for (int x = box->x0; x < box->x1; x++) {
    Colour c;

    if (row[x] < 0.002f)
      continue;
    c = ink_at (ink, x + 0.5f, y + 0.5f);
    line[x] = blend (line[x], c.y, c.alpha * row[x]);
  }
}

static void
paint_chroma (SandboxPainter * painter, const Box * box, int y, const Ink * ink)
{
  gsize offset = (gsize) (y / 2) * (painter->width / 2);
  guint8 *u = painter->picture.planes[1] + offset;
  guint8 *v = painter->picture.planes[2] + offset;

  for (int x = box->x0; x < box->x1; x += 2) {
    float part = (painter->rows[0][x] + painter->rows[0][x + 1]
        + painter->rows[1][x] + painter->rows[1][x + 1]) / 4;
    Colour c;

    if (part < 0.002f)
      continue;
    c = ink_at (ink, x + 1, y + 1);
    u[x / 2] = blend (u[x / 2], c.u, c.alpha * part);
    v[x / 2] = blend (v[x / 2], c.v, c.alpha * part);
  }
}

/**
 * sandbox_fill:
 * @painter: with a path, which is gone afterwards
 * @paint: what to fill it with
 *
 * Where a path turns against itself it has a hole.
 */
void
sandbox_fill (SandboxPainter * painter, SandboxPaint paint)
{
  Ink ink = make_ink (painter, &paint);
  Box box;

  close_path (painter);
  box = path_box (painter);
  for (int y = box.y0; y < box.y1; y += 2) {
    for (int i = 0; i < 2; i++) {
      sum_row (painter, &box, y + i, painter->rows[i]);
      paint_luma (painter, &box, y + i, painter->rows[i], &ink);
    }
    paint_chroma (painter, &box, y, &ink);
  }
  reset_path (painter);
}

/* The path becomes the only place that is painted on, until
 * sandbox_unclip(). */
void
sandbox_clip (SandboxPainter * painter)
{
  Box box;

  sandbox_unclip (painter);
  close_path (painter);
  box = path_box (painter);
  for (int y = box.y0; y < box.y1; y++)
    sum_row (painter, &box, y, painter->clip + (gsize) y * painter->width);
  painter->clip_box = box;
  painter->clipped = TRUE;
  reset_path (painter);
}

void
sandbox_unclip (SandboxPainter * painter)
{
  const Box *box = &painter->clip_box;

  for (int y = box->y0; painter->clipped && y < box->y1; y++)
    memset (painter->clip + (gsize) y * painter->width + box->x0, 0,
        sizeof *painter->clip * MAX (0, box->x1 - box->x0));
  painter->clipped = FALSE;
}
