/* The drawn face, the mouth, and the SANDBOX mark.
 *
 * A person in front of a soft background, drawn anew for each picture: the
 * head sways, the eyes blink, and the mouth is as open as it is told. The
 * motion repeats after SANDBOX_FACE_SECONDS, so the sample can be looped.
 *
 * Coordinates are around the middle of the face, in a picture whose shorter
 * side is 720; the mouth is at two thirds of the height, where the sandbox
 * expects one in any video.
 *
 * One face belongs to one thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-face.h"

#include <math.h>
#include <string.h>

#define SKIN 0xf3c9a8ff
#define SKIN_LIGHT 0xfbdcc2ff
#define SKIN_SHADE 0xdb9f7bff
#define HAIR 0x6b3d2aff
#define HAIR_DARK 0x4d2a1eff
#define HAIR_LIGHT 0x9a6242ff
#define LIP 0xc5615cff
#define LIP_LIGHT 0xd98078ff
#define LIP_LINE 0x9a4643ff

#define MOUTH_Y 105
#define ZOOM 1.15

struct _SandboxFace
{
  SandboxPainter *painter;
  int width, height;
  guint8 *background;           /* a whole picture */
};

/* What one picture looks like. */
typedef struct
{
  double sway_x, sway_y, tilt;
  double lid;                   /* 0 open .. 1 closed */
  double opening;               /* of the mouth, 0 .. 1 */
} Pose;

/* Centres a drawing whose origin is the middle of the face. */
static SandboxMatrix
base_matrix (SandboxFace * face)
{
  SandboxMatrix m = { 1, 0, 0, 1, 0, 0 };
  double scale = MIN (face->width, face->height) / 720.0;

  m = sandbox_matrix_move (m, face->width / 2.0, face->height * 2 / 3.0);
  m = sandbox_matrix_scale (m, scale * ZOOM, scale * ZOOM);
  return sandbox_matrix_move (m, 0, -MOUTH_Y);
}

static void
draw_spots (SandboxPainter * p)
{
  static const struct
  {
    double x, y, r;
    guint32 colour;
  } spots[] = {
    {-470, -200, 120, 0xffe9c23c}, {-350, 40, 70, 0xfff4dd38},
    {-520, 120, 90, 0xf6d4b030}, {430, -230, 100, 0xd9f0e83c},
    {330, -60, 60, 0xffffff30}, {500, 60, 130, 0xbfe3e030},
    {-180, -260, 60, 0xffffff26}, {250, -290, 70, 0xfff0d02c},
  };

  for (guint i = 0; i < G_N_ELEMENTS (spots); i++) {
    sandbox_ellipse (p, spots[i].x, spots[i].y, spots[i].r, spots[i].r);
    sandbox_fill (p, SANDBOX_GLOW (spots[i].x, spots[i].y, spots[i].r,
            spots[i].colour, spots[i].colour & 0xffffff0c));
  }
}

static void
draw_background (SandboxFace * face)
{
  SandboxPainter *p = face->painter;
  SandboxMatrix m = { 1, 0, 0, 1, 0, 0 };
  double w = face->width, h = face->height;
  SandboxPicture picture;

  sandbox_picture_init (&picture, face->background, face->width, face->height);
  sandbox_painter_set_target (p, &picture);
  sandbox_painter_set_matrix (p, &m);
  sandbox_rectangle (p, 0, 0, w, h);
  sandbox_fill (p, SANDBOX_FADE (0, 0, 0x5f93a3ff, w * 0.6, h, 0xe7d3b8ff));
  sandbox_rectangle (p, 0, 0, w, h);
  sandbox_fill (p, SANDBOX_GLOW (w / 2, h * 0.45, h * 0.75, 0xfff8e870,
          0xfff8e800));
  m = base_matrix (face);
  sandbox_painter_set_matrix (p, &m);
  draw_spots (p);
}

/**
 * sandbox_face_new:
 * @width: of every picture, divisible by 8
 * @height: of every picture, divisible by 8
 *
 * Returns: (transfer full): a face that draws pictures of this size
 */
SandboxFace *
sandbox_face_new (int width, int height)
{
  SandboxFace *face = g_new0 (SandboxFace, 1);

  face->painter = sandbox_painter_new (width, height);
  face->width = width;
  face->height = height;
  return face;
}

void
sandbox_face_free (SandboxFace * face)
{
  sandbox_painter_free (face->painter);
  g_free (face->background);
  g_free (face);
}

/* How far the lids are closed at this time of the loop. */
static double
lid_at (double time)
{
  static const double blinks[] = { 1.3, 4.0, 6.6 };
  double lid = 0;

  for (guint i = 0; i < G_N_ELEMENTS (blinks); i++) {
    double away = fabs (time - blinks[i]);

    if (away < 0.14)
      lid = MAX (lid, 1 - away / 0.14);
  }
  return MIN (1, lid * 1.5);
}

static Pose
pose_at (double time, double opening)
{
  double t = fmod (time, SANDBOX_FACE_SECONDS);
  double turn = 2 * G_PI * t / SANDBOX_FACE_SECONDS;

  return (Pose) {
  .sway_x = 5 * sin (turn) + 1.5 * sin (3 * turn + 1),.sway_y =
        2 * sin (2 * turn + 0.7) + 2 * opening,.tilt =
        0.020 * sin (turn + 0.6) + 0.006 * sin (2 * turn),.lid =
        lid_at (t),.opening = opening,};
}

static void
draw_hair_behind (SandboxPainter * p)
{
  sandbox_move_to (p, 0, -200);
  sandbox_curve_to (p, 110, -204, 168, -120, 166, -10);
  sandbox_curve_to (p, 165, 80, 190, 140, 168, 205);
  sandbox_curve_to (p, 140, 236, 90, 230, 60, 214);
  sandbox_line_to (p, -60, 214);
  sandbox_curve_to (p, -90, 230, -140, 236, -168, 205);
  sandbox_curve_to (p, -190, 140, -165, 80, -166, -10);
  sandbox_curve_to (p, -168, -120, -110, -204, 0, -200);
  sandbox_fill (p, SANDBOX_FADE (0, -200, HAIR, 0, 220, HAIR_DARK));
}

static void
draw_neck (SandboxPainter * p)
{
  sandbox_move_to (p, -52, 110);
  sandbox_curve_to (p, -50, 180, -54, 205, -92, 226);
  sandbox_curve_to (p, -60, 290, 60, 290, 92, 226);
  sandbox_curve_to (p, 54, 205, 50, 180, 52, 110);
  sandbox_fill (p, SANDBOX_FADE (0, 150, 0xd8996fff, 0, 255, 0xeebb97ff));
}

static void
draw_body (SandboxPainter * p)
{
  sandbox_move_to (p, -345, 330);
  sandbox_curve_to (p, -330, 262, -250, 252, -160, 236);
  sandbox_curve_to (p, -120, 228, -104, 222, -90, 214);
  sandbox_curve_to (p, -70, 292, 70, 292, 90, 214);
  sandbox_curve_to (p, 104, 222, 120, 228, 160, 236);
  sandbox_curve_to (p, 250, 252, 330, 262, 345, 330);
  sandbox_fill (p, SANDBOX_FADE (-200, 220, 0x3f8a8cff, 220, 330, 0x225a63ff));
  /* the collar */
  sandbox_move_to (p, -100, 219);
  sandbox_curve_to (p, -78, 308, 78, 308, 100, 219);
  sandbox_line_to (p, 88, 213);
  sandbox_curve_to (p, 68, 288, -68, 288, -88, 213);
  sandbox_fill (p, SANDBOX_FADE (0, 210, 0x4f9c9cff, 0, 300, 0x367a7eff));
}

static void
draw_ears (SandboxPainter * p)
{
  for (int side = -1; side <= 1; side += 2) {
    sandbox_ellipse (p, side * 122, 2, 19, 31);
    sandbox_fill (p, SANDBOX_FADE (0, -30, SKIN, 0, 34, SKIN_SHADE));
    sandbox_ellipse (p, side * 124, 4, 10, 19);
    sandbox_fill (p, SANDBOX_SOLID (0xc98c6aa0));
    sandbox_ellipse (p, side * 124, 40, 5, 5);
    sandbox_fill (p, SANDBOX_SOLID (0xf2e3b0ff));
  }
}

static void
head_path (SandboxPainter * p, double jaw)
{
  sandbox_move_to (p, 0, -168);
  sandbox_curve_to (p, 82, -168, 124, -112, 124, -30);
  sandbox_curve_to (p, 124, 40, 112, 98 + jaw / 2, 74, 146 + jaw);
  sandbox_curve_to (p, 50, 174 + jaw, 24, 187 + jaw, 0, 187 + jaw);
  sandbox_curve_to (p, -24, 187 + jaw, -50, 174 + jaw, -74, 146 + jaw);
  sandbox_curve_to (p, -112, 98 + jaw / 2, -124, 40, -124, -30);
  sandbox_curve_to (p, -124, -112, -82, -168, 0, -168);
}

static void
draw_head (SandboxPainter * p, const Pose * pose)
{
  double jaw = pose->opening * 12;

  /* what the chin throws on the neck */
  sandbox_ellipse (p, 0, 176 + jaw, 62, 34);
  sandbox_fill (p, SANDBOX_GLOW (0, 176 + jaw, 62, 0xa9684880, 0xa9684800));
  head_path (p, jaw);
  sandbox_fill (p, SANDBOX_FADE (-60, -150, SKIN_LIGHT, 70, 190, 0xe9b18cff));
  head_path (p, jaw);
  sandbox_clip (p);
  sandbox_rectangle (p, -130, -180, 260, 400);
  sandbox_fill (p, SANDBOX_GLOW (-14, 10, 175, 0xd0906c00, 0xc5815c90));
  for (int side = -1; side <= 1; side += 2) {
    sandbox_ellipse (p, side * 72, 62, 44, 34);
    sandbox_fill (p, SANDBOX_GLOW (side * 72, 62, 42, 0xe8796a50, 0xe8796a00));
  }
  /* under the lower lip */
  sandbox_ellipse (p, 0, 139 + jaw, 26, 7);
  sandbox_fill (p, SANDBOX_GLOW (0, 139 + jaw, 26, 0xc9866270, 0xc9866200));
  sandbox_unclip (p);
}

static void
draw_nose (SandboxPainter * p)
{
  sandbox_move_to (p, 8, -22);
  sandbox_curve_to (p, 14, 10, 26, 38, 25, 52);
  sandbox_curve_to (p, 22, 63, 10, 62, 4, 63);
  sandbox_curve_to (p, 10, 50, 6, 10, 8, -22);
  sandbox_fill (p, SANDBOX_FADE (4, 0, 0xd3936c00, 24, 50, 0xcf8d68b0));
  sandbox_ellipse (p, -4, 44, 8, 12);
  sandbox_fill (p, SANDBOX_GLOW (-4, 42, 13, 0xfff2e4c0, 0xfff2e400));
  for (int side = -1; side <= 1; side += 2) {
    sandbox_ellipse (p, side * 12, 60, 6.5, 3.2);
    sandbox_fill (p, SANDBOX_SOLID (0xa76548d0));
  }
  sandbox_move_to (p, -23, 52);
  sandbox_curve_to (p, -26, 62, -14, 68, 0, 68);
  sandbox_curve_to (p, 14, 68, 26, 62, 23, 52);
  sandbox_curve_to (p, 22, 60, 12, 65, 0, 65);
  sandbox_curve_to (p, -12, 65, -22, 60, -23, 52);
  sandbox_fill (p, SANDBOX_SOLID (0xc07e5cc0));
}

/* @open is 1 for a wide open eye; at 0 only the lashes are left. */
static void
eye_path (SandboxPainter * p, double side, double open)
{
  double up = 17 * open, down = 11 * open;

  sandbox_move_to (p, -30 * side, 3);
  sandbox_curve_to (p, -18 * side, -up * 1.25, 14 * side, -up * 1.4, 30 * side,
      -1);
  sandbox_curve_to (p, 16 * side, down * 1.25, -14 * side, down * 1.3,
      -30 * side, 3);
}

static void
draw_eyeball (SandboxPainter * p, double side, double open)
{
  eye_path (p, side, open);
  sandbox_fill (p, SANDBOX_FADE (0, -18, 0xdfe1e4ff, 0, 4, 0xffffffff));
  eye_path (p, side, open);
  sandbox_clip (p);
  sandbox_ellipse (p, 0, -2, 14.5, 14.5);
  sandbox_fill (p, SANDBOX_GLOW (0, 2, 15, 0x7fb48cff, 0x2f5f4cff));
  sandbox_ellipse (p, 0, -2, 6.6, 6.6);
  sandbox_fill (p, SANDBOX_SOLID (0x14201cff));
  sandbox_ellipse (p, -5, -8, 4, 4);
  sandbox_fill (p, SANDBOX_SOLID (0xffffffff));
  sandbox_ellipse (p, 5, 5, 2, 2);
  sandbox_fill (p, SANDBOX_SOLID (0xffffff90));
  sandbox_ellipse (p, 0, -21, 32, 12);
  sandbox_fill (p, SANDBOX_SOLID (0x40302040));
  sandbox_unclip (p);
}

/* The upper lid with its lashes, thicker towards the temple. */
static void
draw_lashes (SandboxPainter * p, double side, double open)
{
  double up = 17 * open, thick = 5;

  sandbox_move_to (p, -31 * side, 4);
  sandbox_curve_to (p, -18 * side, -up * 1.25 - 1, 14 * side,
      -up * 1.4 - 2, 30 * side, -1);
  sandbox_line_to (p, 38 * side, -7);
  sandbox_curve_to (p, 20 * side, -up * 1.4 - thick - 2, -16 * side,
      -up * 1.25 - thick, -31 * side, 4);
  sandbox_fill (p, SANDBOX_SOLID (0x3a221aff));
}

static void
draw_eye (SandboxPainter * p, SandboxMatrix m, double side, const Pose * pose)
{
  double open = 1 - pose->lid;

  m = sandbox_matrix_move (m, side * 54, -18);
  sandbox_painter_set_matrix (p, &m);
  sandbox_ellipse (p, 0, -8, 38, 24);
  sandbox_fill (p, SANDBOX_GLOW (0, -8, 34, 0xc98a6870, 0xc98a6800));
  if (open > 0.06)
    draw_eyeball (p, side, open);
  else
    open = -0.35;
  draw_lashes (p, side, open);
}

static void
draw_brow (SandboxPainter * p, SandboxMatrix m, double side, const Pose * pose)
{
  m = sandbox_matrix_move (m, side * 56, -58 - pose->opening * 3);
  sandbox_painter_set_matrix (p, &m);
  sandbox_move_to (p, -32 * side, 7);
  sandbox_curve_to (p, -14 * side, -8, 14 * side, -11, 36 * side, 4);
  sandbox_curve_to (p, 14 * side, -4, -12 * side, 0, -31 * side, 13);
  sandbox_fill (p, SANDBOX_SOLID (0x5c3424f0));
}

static void
draw_fringe (SandboxPainter * p)
{
  /* swept to one side, with the parting over the left eye */
  sandbox_move_to (p, -44, -196);
  sandbox_curve_to (p, 60, -222, 160, -160, 158, -20);
  sandbox_curve_to (p, 158, 40, 152, 70, 150, 92);
  sandbox_curve_to (p, 138, 40, 132, -20, 112, -62);
  sandbox_curve_to (p, 88, -112, 20, -120, -40, -150);
  sandbox_fill (p, SANDBOX_FADE (-40, -190, HAIR_LIGHT, 120, 40, HAIR));
  sandbox_move_to (p, -30, -199);
  sandbox_curve_to (p, -110, -206, -168, -140, -160, -10);
  sandbox_curve_to (p, -158, 40, -154, 70, -150, 96);
  sandbox_curve_to (p, -140, 40, -134, -30, -112, -72);
  sandbox_curve_to (p, -96, -104, -64, -128, -36, -146);
  sandbox_curve_to (p, -26, -160, -24, -180, -30, -199);
  sandbox_fill (p, SANDBOX_FADE (-60, -190, HAIR_LIGHT, -140, 40, HAIR));
  /* a strand that catches the light */
  sandbox_move_to (p, 0, -184);
  sandbox_curve_to (p, 70, -186, 122, -130, 130, -54);
  sandbox_curve_to (p, 112, -118, 66, -160, 0, -184);
  sandbox_fill (p, SANDBOX_SOLID (0xc8946a70));
}

/* A mouth around the origin, in the face's coordinates. */
typedef struct
{
  double w;                     /* half its width */
  double top;                   /* how far it opens above the origin */
  double low;                   /* and below */
  double corner;                /* height of its corners; up is a smile */
} Mouth;

/* The corners come in and down a little when the mouth opens. */
static Mouth
mouth_at (double opening)
{
  return (Mouth) {
  .w = 43 - 8 * opening,.top = 13 * opening,.low = 33 * opening,.corner =
        -7 + 4 * opening,};
}

static void
opening_path (SandboxPainter * p, const Mouth * m)
{
  double w = m->w;

  sandbox_move_to (p, -w, m->corner);
  sandbox_curve_to (p, -w * 0.55, -m->top * 1.3, w * 0.55, -m->top * 1.3, w,
      m->corner);
  sandbox_curve_to (p, w * 0.6, m->low * 1.33 + 2, -w * 0.6,
      m->low * 1.33 + 2, -w, m->corner);
}

static void
draw_lips (SandboxPainter * p, const Mouth * m)
{
  double w = m->w, top = m->top, low = m->low, corner = m->corner;

  sandbox_move_to (p, -w - 5, corner - 1);
  sandbox_curve_to (p, -w * 0.6, -top - 10, -18, -top - 15, 0, -top - 9);
  sandbox_curve_to (p, 18, -top - 15, w * 0.6, -top - 10, w + 5, corner - 1);
  sandbox_curve_to (p, w * 0.6, 5, -w * 0.6, 5, -w - 5, corner - 1);
  sandbox_fill (p, SANDBOX_FADE (0, -top - 12, LIP_LIGHT, 0, 2, LIP));
  sandbox_move_to (p, -w - 5, corner - 1);
  sandbox_curve_to (p, -w * 0.62, low * 1.33 + 18, w * 0.62, low * 1.33 + 18,
      w + 5, corner - 1);
  sandbox_curve_to (p, w * 0.6, -3, -w * 0.6, -3, -w - 5, corner - 1);
  sandbox_fill (p, SANDBOX_FADE (0, low, LIP, 0, low + 15, LIP_LIGHT));
  /* light on the lower lip */
  sandbox_ellipse (p, -6, low + 7, 17, 3.2);
  sandbox_fill (p, SANDBOX_GLOW (-6, low + 7, 17, 0xffe0d8a0, 0xffe0d800));
}

static void
draw_closed_line (SandboxPainter * p, const Mouth * m)
{
  double w = m->w, corner = m->corner;

  sandbox_move_to (p, -w - 6, corner - 2);
  sandbox_curve_to (p, -w * 0.5, 3, -8, -1, 0, 1);
  sandbox_curve_to (p, 8, -1, w * 0.5, 3, w + 6, corner - 2);
  sandbox_curve_to (p, w * 0.5, 6, 8, 3, 0, 4);
  sandbox_curve_to (p, -8, 3, -w * 0.5, 6, -w - 6, corner - 2);
  sandbox_fill (p, SANDBOX_SOLID (LIP_LINE));
}

/* The upper teeth, a bow that shows more the wider the mouth is open. */
static void
draw_teeth (SandboxPainter * p, const Mouth * m)
{
  double w = m->w, top = m->top;

  sandbox_move_to (p, -w, -top * 2 - 8);
  sandbox_line_to (p, w, -top * 2 - 8);
  sandbox_line_to (p, w * 0.8, -top * 0.62);
  sandbox_curve_to (p, w * 0.4, -top * 0.38, -w * 0.4, -top * 0.38, -w * 0.8,
      -top * 0.62);
  sandbox_fill (p, SANDBOX_FADE (0, -top, 0xd8cfc6ff, 0, 0, 0xfffaf2ff));
}

/* Dark, with a hint of teeth above and of a tongue below. */
static void
draw_inside (SandboxPainter * p, const Mouth * m)
{
  double low = m->low;

  opening_path (p, m);
  sandbox_fill (p, SANDBOX_FADE (0, -m->top, 0x2a0b0eff, 0, low, 0x1c0608ff));
  opening_path (p, m);
  sandbox_clip (p);
  draw_teeth (p, m);
  sandbox_ellipse (p, 0, low + 4, m->w * 0.55, low * 0.42);
  sandbox_fill (p, SANDBOX_FADE (0, low * 0.6, 0xa8484cff, 0, low * 1.1,
          0x7c3034ff));
  sandbox_unclip (p);
}

static void
draw_mouth (SandboxPainter * p, double opening)
{
  Mouth mouth = mouth_at (opening);

  draw_lips (p, &mouth);
  if (opening < 0.04)
    draw_closed_line (p, &mouth);
  else
    draw_inside (p, &mouth);
}

static void
draw_features (SandboxPainter * p, SandboxMatrix head, const Pose * pose)
{
  SandboxMatrix mouth = sandbox_matrix_move (head, 0, MOUTH_Y);

  draw_nose (p);
  for (int side = -1; side <= 1; side += 2) {
    draw_eye (p, head, side, pose);
    draw_brow (p, head, side, pose);
  }
  sandbox_painter_set_matrix (p, &mouth);
  draw_mouth (p, pose->opening);
  sandbox_painter_set_matrix (p, &head);
}

/**
 * sandbox_face_draw:
 * @face: a face
 * @picture: all of it is painted
 * @time: seconds; the motion repeats after %SANDBOX_FACE_SECONDS
 * @opening: of the mouth, 0 to 1
 */
void
sandbox_face_draw (SandboxFace * face, const SandboxPicture * picture,
    double time, double opening)
{
  SandboxPainter *p = face->painter;
  Pose pose = pose_at (time, opening);
  SandboxMatrix body = base_matrix (face);
  SandboxMatrix head = sandbox_matrix_turn (sandbox_matrix_move (body,
          pose.sway_x, pose.sway_y), pose.tilt, 0, 230);

  if (face->background == NULL) {
    face->background =
        g_malloc (sandbox_picture_size (face->width, face->height));
    draw_background (face);
  }
  memcpy (picture->planes[0], face->background,
      sandbox_picture_size (face->width, face->height));
  sandbox_painter_set_target (p, picture);
  sandbox_painter_set_matrix (p, &head);
  draw_hair_behind (p);
  sandbox_painter_set_matrix (p, &body);
  draw_neck (p);
  draw_body (p);
  sandbox_painter_set_matrix (p, &head);
  draw_ears (p);
  draw_head (p, &pose);
  draw_features (p, head, &pose);
  draw_fringe (p);
}

static guint8
sample_plane (const SandboxPicture * picture, int plane, double x, double y)
{
  int shift = plane ? 1 : 0;
  int column = CLAMP ((int) x, 0, picture->width - 1) >> shift;
  int row = CLAMP ((int) y, 0, picture->height - 1) >> shift;

  return picture->planes[plane][row * (picture->width >> shift) + column];
}

/* The mean colour around the mouth, not darker than lips are. */
static guint32
colour_around (const SandboxPicture * picture, const SandboxMatrix * m)
{
  double mean[3] = { 0, 0, 0 }, y, u, v;

  for (int i = 0; i < 24; i++) {
    double x = m->e + m->a * 84 * cos (i * G_PI / 12);
    double row = m->f + m->d * (10 + 60 * sin (i * G_PI / 12));

    for (int plane = 0; plane < 3; plane++)
      mean[plane] += sample_plane (picture, plane, x, row) / 24.0;
  }
  y = (MAX (mean[0], 115) - 16) / 219;
  u = (mean[1] - 128) / 224 * 1.8556;
  v = (mean[2] - 128) / 224 * 1.5748;
  return (guint32) (CLAMP (y + v, 0, 1) * 255) << 24
      | (guint32) (CLAMP (y - 0.1873 * u - 0.4681 * v, 0, 1) * 255) << 16
      | (guint32) (CLAMP (y + u, 0, 1) * 255) << 8;
}

/**
 * sandbox_face_draw_mouth:
 * @face: a face
 * @picture: a picture of somebody else
 * @opening: of the mouth, 0 to 1
 *
 * Paints only a mouth, where the sandbox expects one, over what is there.
 */
void
sandbox_face_draw_mouth (SandboxFace * face, const SandboxPicture * picture,
    double opening)
{
  SandboxPainter *p = face->painter;
  SandboxMatrix m = sandbox_matrix_move (base_matrix (face), 0, MOUTH_Y);
  SandboxMatrix flat = sandbox_matrix_scale (sandbox_matrix_move (m, 0, 12), 1,
      0.8);
  guint32 colour = colour_around (picture, &m);

  sandbox_painter_set_target (p, picture);
  sandbox_painter_set_matrix (p, &flat);
  /* twice, so that it covers well within and fades at its edge */
  for (int i = 0; i < 2; i++) {
    sandbox_ellipse (p, 0, 0, 82, 82);
    sandbox_fill (p, SANDBOX_GLOW (0, 0, 82, colour | 0xff, colour));
  }
  sandbox_painter_set_matrix (p, &m);
  draw_mouth (p, opening);
}

/* The letters of the word, five columns by seven rows, a bit per dot: no font
 * has to be installed. */
static const guint8 glyphs[][7] = {
  {0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e},   /* S */
  {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11},   /* A */
  {0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11},   /* N */
  {0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e},   /* D */
  {0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e},   /* B */
  {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e},   /* O */
  {0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11},   /* X */
};

static void
draw_glyph (SandboxPainter * p, const guint8 * rows, double x)
{
  for (int row = 0; row < 7; row++)
    for (int column = 0; column < 5; column++)
      if (rows[row] & (0x10 >> column))
        sandbox_rectangle (p, x + column, row, 1, 1);
}

/**
 * sandbox_face_draw_mark:
 * @face: a face
 * @picture: a finished picture
 *
 * Paints the word SANDBOX into the lower right corner, so that nobody takes
 * the video for what it is not.
 */
void
sandbox_face_draw_mark (SandboxFace * face, const SandboxPicture * picture)
{
  SandboxPainter *p = face->painter;
  double dot = MIN (face->width, face->height) / 240.0;
  double columns = 6 * G_N_ELEMENTS (glyphs) - 1;
  SandboxMatrix m = { 1, 0, 0, 1, 0, 0 };

  m = sandbox_matrix_move (m, face->width - dot * (columns + 12),
      face->height - dot * 19);
  m = sandbox_matrix_scale (m, dot, dot);
  sandbox_painter_set_target (p, picture);
  sandbox_painter_set_matrix (p, &m);
  sandbox_rectangle (p, -4, -4, columns + 8, 15);
  sandbox_fill (p, SANDBOX_SOLID (0x14202890));
  for (guint i = 0; i < G_N_ELEMENTS (glyphs); i++)
    draw_glyph (p, glyphs[i], 6 * i);
  sandbox_fill (p, SANDBOX_SOLID (0xffffffe0));
}
