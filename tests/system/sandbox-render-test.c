/* What kling-sandbox renders: its samples, cuts of a speech in their place,
 * and speech alone.
 *
 * The renderer is called as the sandbox calls it, without the service around
 * it; what it wrote is decoded and measured.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

#include "sandbox-harness.h"
#include "sandbox-render.h"

#define WIDTH 1280
#define HEIGHT 720
#define FPS 25

/* An encoder smears sound over so many frames. */
#define MARGIN 3

#define TEXT "Hello, this is a sentence with a few words, and a few more."

static char *folder;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static const SandboxFaceSpan *
get_face (guint face)
{
  guint count;
  const SandboxFaceSpan *faces =
      sandbox_sample_faces (SANDBOX_THREE_FACES, &count);

  g_assert_cmpuint (face, <, count);
  return &faces[face];
}

/* In the lower third of a face. */
static Area
mouth_of (guint face)
{
  const SandboxFaceSpan *span = get_face (face);

  return (Area) {
  span->x + span->width / 4, span->y + span->height * 3 / 5,
        span->width / 2, span->height * 3 / 10};
}

static double
mean (const double *values, guint from, guint to)
{
  double sum = 0;

  for (guint i = from; i < to; i++)
    sum += values[i] / (to - from);
  return sum;
}

static double
highest (const double *values, guint from, guint to)
{
  double high = 0;

  for (guint i = from; i < to; i++)
    high = MAX (high, values[i]);
  return high;
}

/* Says TEXT with the mouth of @face, in a file that is read as @clip. */
static void
render (SandboxRender * wish, const Area * area, Clip * clip)
{
  g_autofree char *speech = in_folder ("speech.wav");
  g_autofree char *result = in_folder ("result.mp4");
  g_autoptr (GError) error = NULL;
  int permille = 0;
  double duration = 0;

  wish->text = TEXT;
  wish->voice = sandbox_voice_find ("oversea_male1");
  wish->language = "en";
  wish->speed = 1;
  wish->speech = speech;
  wish->result = result;
  wish->permille = &permille;
  g_assert_true (sandbox_render_run (wish, &duration, &error));
  g_assert_no_error (error);
  g_assert_true (clip_read_area (result, WIDTH, HEIGHT, area, clip));
  g_assert_cmpfloat_with_epsilon (clip->frames, duration * FPS, 0.5);
  g_assert_cmpfloat_with_epsilon (clip->samples / 48000.0, duration, 0.041);
}

/* Each face is seen when, and only when, it is said to be. */
static void
test_three_faces (void)
{
  g_autofree char *path = in_folder ("faces.mp4");
  const SandboxVideoInfo *said = sandbox_sample_info (SANDBOX_THREE_FACES);
  SandboxVideoInfo info = { 0 };
  guint count;

  g_assert_true (sandbox_render_sample (SANDBOX_THREE_FACES, path, NULL, NULL));
  g_assert_true (sandbox_media_check_video (path, &info, NULL));
  g_assert_cmpfloat_with_epsilon (info.duration, said->duration, 0.041);
  g_assert_cmpuint (info.width, ==, WIDTH);
  g_assert_cmpuint (info.height, ==, HEIGHT);
  sandbox_sample_faces (SANDBOX_THREE_FACES, &count);
  g_assert_cmpuint (count, ==, 3);
  for (guint i = 0; i < count; i++) {
    const SandboxFaceSpan *face = get_face (i);
    const Area area = { face->x, face->y, face->width, face->height };
    g_auto (Clip) clip = { 0 };

    g_assert_true (clip_read_area (path, WIDTH, HEIGHT, &area, &clip));
    g_assert_cmpuint (clip.frames, ==, said->duration * FPS);
    g_assert_cmpfloat (highest (clip.rms, 0, clip.frames), <, 5);
    for (guint j = 0; j < clip.frames; j++) {
      double time = (double) j / FPS;
      gboolean visible = time >= face->start && time < face->end;

      g_assert_true ((clip.dark[j] > 10) == visible);
    }
  }
}

/* A sample is known by its end; what only begins like one is not. */
static void
test_recognised (void)
{
  g_autofree char *path = in_folder ("marked.mp4");
  g_autofree char *data = NULL;
  gsize size;

  for (int i = SANDBOX_ONE_FACE; i < SANDBOX_SAMPLES; i++) {
    g_assert_true (g_file_set_contents (path, "some video", -1, NULL));
    g_assert_true (sandbox_sample_mark (i, path, NULL));
    g_assert_cmpint (sandbox_sample_of_file (path), ==, i);
  }
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  g_assert_true (g_file_set_contents (path, data, size - 1, NULL));
  g_assert_cmpint (sandbox_sample_of_file (path), ==, SANDBOX_ONE_FACE);
  g_assert_true (g_file_set_contents (path, data, size - 2, NULL));
  g_assert_cmpint (sandbox_sample_of_file (path), ==, SANDBOX_NO_SAMPLE);
  g_unlink (path);
  g_assert_cmpint (sandbox_sample_of_file (path), ==, SANDBOX_NO_SAMPLE);
}

/* The video keeps its length. Sound and the chosen mouth are in the window
 * only, and belong together. */
static void
test_window (void)
{
  const SandboxWindow window = { 0.4, 2.8, 4, 1, 1 };
  const guint first = 4 * FPS, end = first + 60;
  SandboxRender wish = {.sample = SANDBOX_THREE_FACES,.face = 1,.window =
        &window
  };
  const Area area = mouth_of (1);
  g_auto (Clip) clip = { 0 };
  double closed, r;

  render (&wish, &area, &clip);
  g_assert_cmpuint (clip.frames, ==, 12 * FPS);
  g_assert_cmpfloat (highest (clip.rms, 0, first - MARGIN), <, 5);
  g_assert_cmpfloat (highest (clip.rms, end + MARGIN, clip.frames), <, 5);
  g_assert_cmpfloat (mean (clip.rms, first, end), >, 1000);
  /* this face is there from 1 s to 11 s */
  closed = highest (clip.dark, 1 * FPS, first - 1);
  g_assert_cmpfloat (highest (clip.dark, end + 1, clip.frames), <,
      closed * 1.2 + 20);
  g_assert_cmpfloat (highest (clip.dark, first, end), >, closed + 400);
  r = correlation (clip.dark + first, clip.rms + first, end - first);
  g_test_message ("rms %.0f in the window; mouth and loudness, r = %.3f",
      mean (clip.rms, first, end), r);
  g_assert_cmpfloat (r, >=, 0.6);
}

/* The other face, which is visible during all of the window, keeps its mouth
 * closed. */
static void
test_other_face (void)
{
  const SandboxWindow window = { 0, 2, 2, 1, 1 };
  SandboxRender wish = {.sample = SANDBOX_THREE_FACES,.face = 0,.window =
        &window
  };
  const Area chosen = mouth_of (0), other = mouth_of (1);
  g_autofree char *path = in_folder ("result.mp4");
  g_auto (Clip) a = { 0 };
  g_auto (Clip) b = { 0 };

  render (&wish, &chosen, &a);
  g_assert_true (clip_read_area (path, WIDTH, HEIGHT, &other, &b));
  g_assert_cmpfloat (highest (a.dark, 2 * FPS, 4 * FPS), >,
      highest (a.dark, 0, 2 * FPS - 1) + 400);
  g_assert_cmpfloat (highest (b.dark, 2 * FPS, 4 * FPS), <,
      highest (b.dark, 1 * FPS, 2 * FPS - 1) * 1.2 + 20);
}

/* Half the volume is half as loud; the mouth is as open as ever. */
static void
test_volume (void)
{
  g_autofree char *source = in_folder ("silent.mp4");
  SandboxWindow window = { 0.2, 2.2, 1, 1, 1 };
  SandboxRender wish = {.source = source,.window = &window };
  const Area area = { WIDTH / 2 - 80, HEIGHT / 2 + 60, 160, 160 };
  const guint first = 1 * FPS, end = first + 50;
  g_auto (Clip) loud = { 0 };
  g_auto (Clip) soft = { 0 };

  render (&wish, &area, &loud);
  window.volume = 0.5;
  render (&wish, &area, &soft);
  g_assert_cmpfloat_with_epsilon (mean (soft.rms, first, end) /
      mean (loud.rms, first, end), 0.5, 0.03);
  g_assert_cmpfloat (highest (soft.dark, first, end), >,
      highest (soft.dark, 0, first - 1) + 400);
  g_assert_cmpfloat_with_epsilon (mean (soft.dark, first, end) /
      mean (loud.dark, first, end), 1, 0.05);
}

/* Somebody's video of 3 s with a tone of its own: before and after the window
 * it is heard at the volume that was asked for, in it is the speech. */
static void
test_original_sound (void)
{
  g_autofree char *source = in_folder ("tone.mp4");
  SandboxWindow window = { 0.4, 1.4, 1, 1, 0.5 };
  SandboxRender wish = {.source = source,.window = &window };
  const Area area = { 0, 0, 8, 8 };
  g_auto (Clip) tone = { 0 };
  g_auto (Clip) half = { 0 };
  g_auto (Clip) none = { 0 };
  g_auto (Clip) twice = { 0 };
  double full;

  g_assert_true (clip_read_area (source, WIDTH, HEIGHT, &area, &tone));
  full = mean (tone.rms, MARGIN, 20);
  g_assert_cmpfloat (full, >, 5000);
  render (&wish, &area, &half);
  /* its own encoder may have padded the tone */
  g_assert_cmpfloat_with_epsilon (half.frames, 3 * FPS, 1.5);
  g_assert_cmpfloat_with_epsilon (mean (half.rms, MARGIN, 20) / full, 0.5,
      0.05);
  g_assert_cmpfloat_with_epsilon (mean (half.rms, 50 + MARGIN, 70) / full, 0.5,
      0.05);
  window.original_volume = 0;
  render (&wish, &area, &none);
  g_assert_cmpfloat (highest (none.rms, 0, 25 - MARGIN), <, 5);
  g_assert_cmpfloat (highest (none.rms, 50 + MARGIN, 75), <, 5);
  /* nothing of the tone is in the window */
  g_assert_cmpfloat_with_epsilon (mean (half.rms, 25 + MARGIN, 50 - MARGIN) /
      mean (none.rms, 25 + MARGIN, 50 - MARGIN), 1, 0.05);
  /* what is too loud for its samples is cut off, and does not wrap around */
  window.original_volume = 2;
  render (&wish, &area, &twice);
  g_test_message ("twice as loud: %.2f", mean (twice.rms, MARGIN, 20) / full);
  g_assert_cmpfloat (mean (twice.rms, MARGIN, 20), >, full * 1.2);
}

/* What has no sound is silent outside the window. */
static void
test_silent_source (void)
{
  g_autofree char *source = in_folder ("silent.mp4");
  const SandboxWindow window = { 0, 1, 1, 1, 2 };
  SandboxRender wish = {.source = source,.window = &window };
  const Area area = { 0, 0, 8, 8 };
  g_auto (Clip) clip = { 0 };

  render (&wish, &area, &clip);
  g_assert_cmpuint (clip.frames, ==, 3 * FPS);
  g_assert_cmpfloat (highest (clip.rms, 0, 25 - MARGIN), <, 5);
  g_assert_cmpfloat (highest (clip.rms, 50 + MARGIN, 75), <, 5);
  g_assert_cmpfloat (mean (clip.rms, 25, 50), >, 1000);
}

/* What does not fit is left out: the service above has to refuse it. */
static void
test_window_too_large (void)
{
  g_autofree char *source = in_folder ("silent.mp4");
  const SandboxWindow windows[] = {
    {-1, 100, 2, 1, 1}, {50, 60, 0, 1, 1}, {0, 2, 1e12, 1, 1}, {2, 1, 0, 1, 1}
  };
  SandboxRender wish = {.source = source };
  const Area area = { 0, 0, 8, 8 };

  for (guint i = 0; i < G_N_ELEMENTS (windows); i++) {
    g_auto (Clip) clip = { 0 };

    wish.window = &windows[i];
    render (&wish, &area, &clip);
    g_assert_cmpuint (clip.frames, ==, 3 * FPS);
    g_assert_true ((highest (clip.rms, 50, 75) > 1000) == (i == 0));
  }
}

static double
say (const char *text, double speed)
{
  g_autofree char *path = in_folder ("say.mp3");
  g_autofree char *data = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (SandboxSound) sound = { 0 };
  double duration = 0;

  g_assert_true (sandbox_render_say (text, sandbox_voice_find ("AOT"), "en",
          speed, path, &duration, NULL, &error));
  g_assert_no_error (error);
  /* the sync word of MPEG audio, layer III */
  g_assert_true (g_file_get_contents (path, &data, NULL, NULL));
  g_assert_cmpint ((guint8) data[0], ==, 0xff);
  g_assert_cmpint (data[1] & 0xe6, ==, 0xe2);
  g_assert_true (sandbox_media_decode (path, &sound, NULL, NULL));
  g_assert_cmpfloat_with_epsilon (sound.count / 48000.0, duration, 0.1);
  return duration;
}

/* Speech alone is as long as it takes: less than the service would use, and
 * less at a higher speed. */
static void
test_say (void)
{
  double own = say (TEXT, 1), fast = say (TEXT, 2), slow = say (TEXT, 0.8);
  g_autofree char *left = in_folder ("say.mp3.wav");

  g_test_message ("%.2f s at 0.8, %.2f s at 1, %.2f s at 2", slow, own, fast);
  g_assert_cmpfloat (say ("Hi.", 1), <, 1.9);
  g_assert_cmpfloat (own, >, 2);
  g_assert_cmpfloat (fast, <, own * 0.75);
  g_assert_cmpfloat (slow, >, own * 1.1);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  char *rm[] = { (char *) "rm", (char *) "-rf", NULL, NULL };
  int result;

  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("sandbox-render-XXXXXX", NULL);
  media_make (folder, "tone.mp4", "videotestsrc num-buffers=75 pattern=white ! "
      "video/x-raw,format=I420,width=1280,height=720,framerate=25/1 ! x264enc "
      "speed-preset=ultrafast ! queue ! mp4mux name=m ! filesink name=out "
      "audiotestsrc samplesperbuffer=480 num-buffers=300 ! audio/x-raw,"
      "rate=48000,channels=1 ! audioconvert ! avenc_aac ! queue ! m.");
  media_make (folder, "silent.mp4", "videotestsrc num-buffers=75 pattern=white "
      "! video/x-raw,format=I420,width=1280,height=720,framerate=25/1 ! "
      "x264enc speed-preset=ultrafast ! mp4mux ! filesink name=out");

  g_test_add_func ("/sandbox-render/three-faces", test_three_faces);
  g_test_add_func ("/sandbox-render/recognised", test_recognised);
  g_test_add_func ("/sandbox-render/window", test_window);
  g_test_add_func ("/sandbox-render/other-face", test_other_face);
  g_test_add_func ("/sandbox-render/volume", test_volume);
  g_test_add_func ("/sandbox-render/original-sound", test_original_sound);
  g_test_add_func ("/sandbox-render/silent-source", test_silent_source);
  g_test_add_func ("/sandbox-render/window-too-large", test_window_too_large);
  g_test_add_func ("/sandbox-render/say", test_say);
  result = g_test_run ();

  rm[2] = folder;
  g_spawn_sync (NULL, rm, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
      NULL, NULL);
  g_free (folder);
  return result;
}
