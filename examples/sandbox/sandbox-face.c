/* A drawn person: the head sways, the eyes blink, and the mouth is as open as
 * it is told.
 *
 * Coordinates are around the middle of the face. Of a head, skin and lips are
 * painted in one person's colours, and tinted for the others.
 *
 * No state; on the thread that the painter belongs to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-face.h"

#include <math.h>

#define SKIN 0xf3c9a8ff
#define SKIN_LIGHT 0xfbdcc2ff
#define SKIN_SHADE 0xdb9f7bff
#define LIP 0xc5615cff
#define LIP_LIGHT 0xd98078ff
#define LIP_LINE 0x9a4643ff

#define NO_TINT 0xffffffff

typedef struct _Look Look;
typedef void (*DrawHair) (SandboxPainter * p, const Look * look);

/* What tells one person from the others. */
struct _Look
{
  guint32 skin, lips;           /* tints */
  guint32 hair, hair_dark, hair_light, strand, brow;
  guint32 earring;
  guint32 iris, iris_dark;
  guint32 cloth, cloth_dark, collar, collar_dark;
  DrawHair behind;              /* the head */
  DrawHair before;
};

static void
draw_long_hair (SandboxPainter * p, const Look * look)
{
  sandbox_move_to (p, 0, -200);
  sandbox_curve_to (p, 110, -204, 168, -120, 166, -10);
  sandbox_curve_to (p, 165, 80, 190, 140, 168, 205);
  sandbox_curve_to (p, 140, 236, 90, 230, 60, 214);
  sandbox_line_to (p, -60, 214);
  sandbox_curve_to (p, -90, 230, -140, 236, -168, 205);
  sandbox_curve_to (p, -190, 140, -165, 80, -166, -10);
  sandbox_curve_to (p, -168, -120, -110, -204, 0, -200);
  sandbox_fill (p, SANDBOX_FADE (0, -200, look->hair, 0, 220, look->hair_dark));
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
draw_body (SandboxPainter * p, const Look * look)
{
  sandbox_move_to (p, -345, 330);
  sandbox_curve_to (p, -330, 262, -250, 252, -160, 236);
  sandbox_curve_to (p, -120, 228, -104, 222, -90, 214);
  sandbox_curve_to (p, -70, 292, 70, 292, 90, 214);
  sandbox_curve_to (p, 104, 222, 120, 228, 160, 236);
  sandbox_curve_to (p, 250, 252, 330, 262, 345, 330);
  sandbox_curve_to (p, 362, 400, 376, 560, 380, 1200);
  sandbox_line_to (p, -380, 1200);
  sandbox_curve_to (p, -376, 560, -362, 400, -345, 330);
  sandbox_fill (p, SANDBOX_FADE (-200, 220, look->cloth, 220, 330,
          look->cloth_dark));
  /* the collar */
  sandbox_move_to (p, -100, 219);
  sandbox_curve_to (p, -78, 308, 78, 308, 100, 219);
  sandbox_line_to (p, 88, 213);
  sandbox_curve_to (p, 68, 288, -68, 288, -88, 213);
  sandbox_fill (p, SANDBOX_FADE (0, 210, look->collar, 0, 300,
          look->collar_dark));
}

static void
draw_ears (SandboxPainter * p)
{
  for (int side = -1; side <= 1; side += 2) {
    sandbox_ellipse (p, side * 122, 2, 19, 31);
    sandbox_fill (p, SANDBOX_FADE (0, -30, SKIN, 0, 34, SKIN_SHADE));
    sandbox_ellipse (p, side * 124, 4, 10, 19);
    sandbox_fill (p, SANDBOX_SOLID (0xc98c6aa0));
  }
}

static void
draw_earrings (SandboxPainter * p, const Look * look)
{
  for (int side = -1; side <= 1; side += 2) {
    sandbox_ellipse (p, side * 124, 40, 5, 5);
    sandbox_fill (p, SANDBOX_SOLID (look->earring));
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
draw_head (SandboxPainter * p, const SandboxPose * pose)
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
draw_eyeball (SandboxPainter * p, const Look * look, double side, double open)
{
  eye_path (p, side, open);
  sandbox_fill (p, SANDBOX_FADE (0, -18, 0xdfe1e4ff, 0, 4, 0xffffffff));
  eye_path (p, side, open);
  sandbox_clip (p);
  sandbox_ellipse (p, 0, -2, 14.5, 14.5);
  sandbox_fill (p, SANDBOX_GLOW (0, 2, 15, look->iris, look->iris_dark));
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
draw_eye (SandboxPainter * p, const Look * look, SandboxMatrix m, double side,
    const SandboxPose * pose)
{
  double open = 1 - pose->lid;

  m = sandbox_matrix_move (m, side * 54, -18);
  sandbox_painter_set_matrix (p, &m);
  sandbox_ellipse (p, 0, -8, 38, 24);
  sandbox_painter_set_tint (p, look->skin);
  sandbox_fill (p, SANDBOX_GLOW (0, -8, 34, 0xc98a6870, 0xc98a6800));
  sandbox_painter_set_tint (p, NO_TINT);
  if (open > 0.06)
    draw_eyeball (p, look, side, open);
  else
    open = -0.35;
  draw_lashes (p, side, open);
}

static void
draw_brow (SandboxPainter * p, const Look * look, SandboxMatrix m, double side,
    const SandboxPose * pose)
{
  m = sandbox_matrix_move (m, side * 56, -58 - pose->opening * 3);
  sandbox_painter_set_matrix (p, &m);
  sandbox_move_to (p, -32 * side, 7);
  sandbox_curve_to (p, -14 * side, -8, 14 * side, -11, 36 * side, 4);
  sandbox_curve_to (p, 14 * side, -4, -12 * side, 0, -31 * side, 13);
  sandbox_fill (p, SANDBOX_SOLID (look->brow));
}

static void
draw_swept_fringe (SandboxPainter * p, const Look * look)
{
  /* swept to one side, with the parting over the left eye */
  sandbox_move_to (p, -44, -196);
  sandbox_curve_to (p, 60, -222, 160, -160, 158, -20);
  sandbox_curve_to (p, 158, 40, 152, 70, 150, 92);
  sandbox_curve_to (p, 138, 40, 132, -20, 112, -62);
  sandbox_curve_to (p, 88, -112, 20, -120, -40, -150);
  sandbox_fill (p, SANDBOX_FADE (-40, -190, look->hair_light, 120, 40,
          look->hair));
  sandbox_move_to (p, -30, -199);
  sandbox_curve_to (p, -110, -206, -168, -140, -160, -10);
  sandbox_curve_to (p, -158, 40, -154, 70, -150, 96);
  sandbox_curve_to (p, -140, 40, -134, -30, -112, -72);
  sandbox_curve_to (p, -96, -104, -64, -128, -36, -146);
  sandbox_curve_to (p, -26, -160, -24, -180, -30, -199);
  sandbox_fill (p, SANDBOX_FADE (-60, -190, look->hair_light, -140, 40,
          look->hair));
  /* a strand that catches the light */
  sandbox_move_to (p, 0, -184);
  sandbox_curve_to (p, 70, -186, 122, -130, 130, -54);
  sandbox_curve_to (p, 112, -118, 66, -160, 0, -184);
  sandbox_fill (p, SANDBOX_SOLID (look->strand));
}

/* A cap that shows around the head, and the same from the front. */
static void
draw_short_hair (SandboxPainter * p, const Look * look)
{
  sandbox_ellipse (p, 0, -48, 134, 142);
  sandbox_fill (p, SANDBOX_FADE (0, -190, look->hair, 0, 90, look->hair_dark));
}

static void
draw_short_fringe (SandboxPainter * p, const Look * look)
{
  sandbox_move_to (p, -131, 0);
  sandbox_curve_to (p, -146, -120, -92, -196, 6, -196);
  sandbox_curve_to (p, 100, -196, 146, -120, 131, 0);
  sandbox_curve_to (p, 122, -14, 118, -40, 112, -70);
  sandbox_curve_to (p, 84, -118, 34, -112, -8, -122);
  sandbox_curve_to (p, -44, -128, -86, -112, -112, -70);
  sandbox_curve_to (p, -118, -40, -122, -14, -131, 0);
  sandbox_fill (p, SANDBOX_FADE (-40, -196, look->hair_light, 40, -60,
          look->hair));
}

/* Combed back into a bun on top. */
static void
draw_bun (SandboxPainter * p, const Look * look)
{
  sandbox_ellipse (p, 0, -226, 62, 54);
  sandbox_fill (p, SANDBOX_GLOW (-16, -244, 80, look->hair_light,
          look->hair_dark));
  draw_short_hair (p, look);
}

static void
draw_parting (SandboxPainter * p, const Look * look)
{
  for (int side = -1; side <= 1; side += 2) {
    sandbox_move_to (p, 0, -196);
    sandbox_curve_to (p, side * 92, -200, side * 146, -130, side * 133, 10);
    sandbox_curve_to (p, side * 126, -20, side * 116, -60, side * 92, -92);
    sandbox_curve_to (p, side * 62, -124, side * 20, -136, 0, -158);
    sandbox_fill (p, SANDBOX_FADE (0, -196, look->hair_light, side * 120, 0,
            look->hair));
  }
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
  if (opening < 0.04) {
    draw_closed_line (p, &mouth);
  } else {
    sandbox_painter_set_tint (p, NO_TINT);
    draw_inside (p, &mouth);
  }
}

static void
draw_features (SandboxPainter * p, const Look * look, SandboxMatrix head,
    const SandboxPose * pose)
{
  SandboxMatrix mouth = sandbox_matrix_move (head, 0, SANDBOX_MOUTH_Y);

  for (int side = -1; side <= 1; side += 2) {
    draw_eye (p, look, head, side, pose);
    draw_brow (p, look, head, side, pose);
  }
  sandbox_painter_set_matrix (p, &mouth);
  sandbox_painter_set_tint (p, look->lips);
  draw_mouth (p, pose->opening);
  sandbox_painter_set_tint (p, NO_TINT);
  sandbox_painter_set_matrix (p, &head);
}

static const Look looks[SANDBOX_LOOKS] = {
  {NO_TINT, NO_TINT,
        0x6b3d2aff, 0x4d2a1eff, 0x9a6242ff, 0xc8946a70, 0x5c3424f0,
        0xf2e3b0ff,
        0x7fb48cff, 0x2f5f4cff,
        0x3f8a8cff, 0x225a63ff, 0x4f9c9cff, 0x367a7eff,
      draw_long_hair, draw_swept_fringe},
  {0x97705eff, 0xa87a78ff,
        0x1d1718ff, 0x120e10ff, 0x3a302fff, 0x00000000, 0x1a1314ff,
        0x00000000,
        0x7a5236ff, 0x3a2214ff,
        0xe0a23cff, 0xb06f22ff, 0xf0bd62ff, 0xcf8f34ff,
      draw_short_hair, draw_short_fringe},
  {0xfff0ecff, 0xf8b0b4ff,
        0xb9552aff, 0x8a3a1cff, 0xdd7f46ff, 0x00000000, 0x9a4a28ff,
        0xf4f4ffff,
        0x86aee0ff, 0x355f9aff,
        0x7a4a94ff, 0x4c2c66ff, 0xe8dcf0ff, 0xc4b0d4ff,
      draw_bun, draw_parting},
};

/**
 * sandbox_face_draw:
 * @p: a painter
 * @look: which person, below %SANDBOX_LOOKS
 * @body: brings the middle of the face to where it belongs
 * @pose: how the person is
 */
void
sandbox_face_draw (SandboxPainter * p, guint look, SandboxMatrix body,
    const SandboxPose * pose)
{
  const Look *person = &looks[look];
  SandboxMatrix head = sandbox_matrix_turn (sandbox_matrix_move (body,
          pose->sway_x, pose->sway_y), pose->tilt, 0, 230);

  sandbox_painter_set_matrix (p, &head);
  person->behind (p, person);
  sandbox_painter_set_matrix (p, &body);
  sandbox_painter_set_tint (p, person->skin);
  draw_neck (p);
  sandbox_painter_set_tint (p, NO_TINT);
  draw_body (p, person);
  sandbox_painter_set_matrix (p, &head);
  sandbox_painter_set_tint (p, person->skin);
  draw_ears (p);
  sandbox_painter_set_tint (p, NO_TINT);
  draw_earrings (p, person);
  sandbox_painter_set_tint (p, person->skin);
  draw_head (p, pose);
  draw_nose (p);
  draw_features (p, person, head, pose);
  person->before (p, person);
}

/**
 * sandbox_face_draw_mouth:
 * @p: a painter
 * @place: brings the middle of the mouth to where it belongs
 * @opening: 0 to 1
 *
 * Draws a mouth alone.
 */
void
sandbox_face_draw_mouth (SandboxPainter * p, SandboxMatrix place,
    double opening)
{
  sandbox_painter_set_matrix (p, &place);
  draw_mouth (p, opening);
}
