/* Pictures: the samples' persons in front of a background, or a mouth on
 * somebody else's picture, and the SANDBOX mark.
 *
 * Each picture is drawn anew. The motion repeats with the sample's length, so
 * that a sample can be looped.
 *
 * Where no face is known, one is expected in the middle, so large that its
 * mouth is at two thirds of the height.
 *
 * One scene belongs to one thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-scene.h"

#include <math.h>
#include <string.h>

#include "sandbox-face.h"

#define ZOOM 1.15

struct _SandboxScene
{
  SandboxSample sample;
  SandboxPainter *painter;
  int width, height;
  guint8 *background;           /* (nullable): a whole picture */
};

/* Where one face is expected. */
static SandboxMatrix
middle_matrix (SandboxScene * scene)
{
  SandboxMatrix m = { 1, 0, 0, 1, 0, 0 };
  double scale = MIN (scene->width, scene->height) / 720.0;

  m = sandbox_matrix_move (m, scene->width / 2.0, scene->height * 2 / 3.0);
  m = sandbox_matrix_scale (m, scale * ZOOM, scale * ZOOM);
  return sandbox_matrix_move (m, 0, -SANDBOX_MOUTH_Y);
}

/* Where a face of a sample is. */
static SandboxMatrix
face_matrix (const SandboxFaceSpan * face)
{
  SandboxMatrix m = { 1, 0, 0, 1, 0, 0 };
  double scale = (double) face->width / SANDBOX_HEAD_WIDTH;

  m = sandbox_matrix_move (m, face->x + face->width / 2.0, face->y);
  m = sandbox_matrix_scale (m, scale, scale);
  return sandbox_matrix_move (m, 0, SANDBOX_HEAD_TOP);
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
draw_background (SandboxScene * scene)
{
  SandboxPainter *p = scene->painter;
  SandboxMatrix m = { 1, 0, 0, 1, 0, 0 };
  double w = scene->width, h = scene->height;
  SandboxPicture picture;

  sandbox_picture_init (&picture, scene->background, scene->width,
      scene->height);
  sandbox_painter_set_target (p, &picture);
  sandbox_painter_set_matrix (p, &m);
  sandbox_rectangle (p, 0, 0, w, h);
  sandbox_fill (p, SANDBOX_FADE (0, 0, 0x5f93a3ff, w * 0.6, h, 0xe7d3b8ff));
  sandbox_rectangle (p, 0, 0, w, h);
  sandbox_fill (p, SANDBOX_GLOW (w / 2, h * 0.45, h * 0.75, 0xfff8e870,
          0xfff8e800));
  m = middle_matrix (scene);
  sandbox_painter_set_matrix (p, &m);
  draw_spots (p);
}

/**
 * sandbox_scene_new:
 * @sample: what is drawn; %SANDBOX_NO_SAMPLE for somebody else's pictures
 * @width: of every picture, divisible by 8; of a sample its own
 * @height: of every picture, likewise
 *
 * Returns: (transfer full): a scene
 */
SandboxScene *
sandbox_scene_new (SandboxSample sample, int width, int height)
{
  SandboxScene *scene = g_new0 (SandboxScene, 1);

  scene->sample = sample;
  scene->painter = sandbox_painter_new (width, height);
  scene->width = width;
  scene->height = height;
  return scene;
}

void
sandbox_scene_free (SandboxScene * scene)
{
  sandbox_painter_free (scene->painter);
  g_free (scene->background);
  g_free (scene);
}

/* How far the lids are closed at this time of the loop. */
static double
lid_at (double time)
{
  static const double blinks[] = { 1.3, 4.0, 6.6, 9.1 };
  double lid = 0;

  for (guint i = 0; i < G_N_ELEMENTS (blinks); i++) {
    double away = fabs (time - blinks[i]);

    if (away < 0.14)
      lid = MAX (lid, 1 - away / 0.14);
  }
  return MIN (1, lid * 1.5);
}

/* Nobody moves like the one beside. */
static SandboxPose
pose_at (double time, double length, guint face, double opening)
{
  double t = fmod (time + 2.7 * face, length);
  double turn = 2 * G_PI * t / length;

  return (SandboxPose) {
  .sway_x = 5 * sin (turn) + 1.5 * sin (3 * turn + 1),.sway_y =
        2 * sin (2 * turn + 0.7) + 2 * opening,.tilt =
        0.020 * sin (turn + 0.6) + 0.006 * sin (2 * turn),.lid =
        lid_at (t),.opening = opening,};
}

static void
start_picture (SandboxScene * scene, const SandboxPicture * picture)
{
  gsize size = sandbox_picture_size (scene->width, scene->height);

  if (scene->background == NULL) {
    scene->background = g_malloc (size);
    draw_background (scene);
  }
  memcpy (picture->planes[0], scene->background, size);
  sandbox_painter_set_target (scene->painter, picture);
}

/**
 * sandbox_scene_draw:
 * @scene: the scene of a sample
 * @picture: all of it is painted
 * @time: seconds; everything repeats after the sample's length
 * @speaker: whose mouth is open, if that face is visible now
 * @opening: of the mouth, 0 to 1
 */
void
sandbox_scene_draw (SandboxScene * scene, const SandboxPicture * picture,
    double time, int speaker, double opening)
{
  double length = sandbox_sample_info (scene->sample)->duration;
  double t = fmod (time, length);
  guint count;
  const SandboxFaceSpan *faces = sandbox_sample_faces (scene->sample, &count);

  start_picture (scene, picture);
  /* the last one stands behind the others */
  for (int i = count - 1; i >= 0; i--) {
    SandboxPose pose = pose_at (t, length, i, i == speaker ? opening : 0);

    if (t >= faces[i].start && t < faces[i].end)
      sandbox_face_draw (scene->painter, i, face_matrix (&faces[i]), &pose);
  }
}

/**
 * sandbox_scene_draw_portrait:
 * @scene: the scene of a sample
 * @picture: all of it is painted
 * @face: which of the sample's faces
 *
 * Paints one person alone, large and in the middle, with a closed mouth.
 */
void
sandbox_scene_draw_portrait (SandboxScene * scene,
    const SandboxPicture * picture, int face)
{
  double length = sandbox_sample_info (scene->sample)->duration;
  SandboxPose pose = pose_at (0, length, face, 0);

  start_picture (scene, picture);
  sandbox_face_draw (scene->painter, face, middle_matrix (scene), &pose);
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
 * sandbox_scene_draw_mouth:
 * @scene: a scene
 * @picture: a picture of somebody else
 * @opening: of the mouth, 0 to 1
 *
 * Paints only a mouth, where the sandbox expects one, over what is there.
 */
void
sandbox_scene_draw_mouth (SandboxScene * scene, const SandboxPicture * picture,
    double opening)
{
  SandboxPainter *p = scene->painter;
  SandboxMatrix m = sandbox_matrix_move (middle_matrix (scene), 0,
      SANDBOX_MOUTH_Y);
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
  sandbox_face_draw_mouth (p, m, opening);
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
 * sandbox_scene_draw_mark:
 * @scene: a scene
 * @picture: a finished picture
 *
 * Paints the word SANDBOX into the lower right corner, so that nobody takes
 * the video for what it is not.
 */
void
sandbox_scene_draw_mark (SandboxScene * scene, const SandboxPicture * picture)
{
  SandboxPainter *p = scene->painter;
  double dot = MIN (scene->width, scene->height) / 240.0;
  double columns = 6 * G_N_ELEMENTS (glyphs) - 1;
  SandboxMatrix m = { 1, 0, 0, 1, 0, 0 };

  m = sandbox_matrix_move (m, scene->width - dot * (columns + 12),
      scene->height - dot * 19);
  m = sandbox_matrix_scale (m, dot, dot);
  sandbox_painter_set_target (p, picture);
  sandbox_painter_set_matrix (p, &m);
  sandbox_rectangle (p, -4, -4, columns + 8, 15);
  sandbox_fill (p, SANDBOX_SOLID (0x14202890));
  for (guint i = 0; i < G_N_ELEMENTS (glyphs); i++)
    draw_glyph (p, glyphs[i], 6 * i);
  sandbox_fill (p, SANDBOX_SOLID (0xffffffe0));
}
