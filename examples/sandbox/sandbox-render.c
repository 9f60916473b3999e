/* Makes the videos: a picture source, a mouth that follows the loudness, and
 * an encoder.
 *
 *   speech -> samples -> loudness per picture -> mouth
 *   source -> pictures + mouth + mark -> x264 -> mp4mux -> file
 *                            samples -> AAC -> /
 *
 * On a renderer's thread, which pushes the pictures itself; everything here
 * belongs to it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-render.h"

#include <math.h>
#include <string.h>

#include "sandbox-encoder.h"
#include "sandbox-face.h"
#include "sandbox-frames.h"
#include "sandbox-speech.h"

const SandboxVideoInfo sandbox_sample_info = {
  .duration = SANDBOX_FACE_SECONDS,
  .width = SANDBOX_FACE_WIDTH,
  .height = SANDBOX_FACE_HEIGHT,
};

/* Stands behind the sample's last box. Whoever sends the sample back from
 * wherever it was uploaded to gets its own mouth moved. */
#define SAMPLE_MARK "kling-sandbox sample face"

/* The loudness at which the mouth is wide open: louder is rare. */
#define LOUD_QUANTILE 0.96

static const struct
{
  const char *element;
  const char *package;
} needed[] = {
  {"appsrc", "gstreamer1.0-plugins-base"},
  {"decodebin", "gstreamer1.0-plugins-base"},
  {"audioconvert", "gstreamer1.0-plugins-base"},
  {"audioresample", "gstreamer1.0-plugins-base"},
  {"videoconvert", "gstreamer1.0-plugins-base"},
  {"videoscale", "gstreamer1.0-plugins-base"},
  {"videorate", "gstreamer1.0-plugins-base"},
  {"mp4mux", "gstreamer1.0-plugins-good"},
  {"qtdemux", "gstreamer1.0-plugins-good"},
  {"wavparse", "gstreamer1.0-plugins-good"},
  {"jpegdec", "gstreamer1.0-plugins-good"},
  {"pngenc", "gstreamer1.0-plugins-good"},
  {"x264enc", "gstreamer1.0-plugins-ugly"},
  {"avenc_aac", "gstreamer1.0-libav"},
  {"avdec_h264", "gstreamer1.0-libav"},
};

/**
 * sandbox_render_is_possible:
 * @error: names what is missing and the package it comes in
 *
 * Returns: whether everything that renders is installed
 */
gboolean
sandbox_render_is_possible (GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (needed); i++) {
    g_autoptr (GstElementFactory) factory =
        gst_element_factory_find (needed[i].element);

    if (factory == NULL) {
      g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
          "the GStreamer element %s is missing (Debian package: %s)",
          needed[i].element, needed[i].package);
      return FALSE;
    }
  }
  return sandbox_speech_is_possible (error);
}

static int
compare_floats (gconstpointer a, gconstpointer b)
{
  float first = *(const float *) a, second = *(const float *) b;

  return (first > second) - (first < second);
}

/* How loud each picture is, 0 to 1, by the RMS of its samples. */
static float *
loudness (const SandboxSound * sound, guint frames)
{
  float *level = g_new0 (float, frames + 1);
  g_autofree float *sorted = NULL;
  float loud;

  for (guint i = 0; i < frames; i++) {
    gsize from = (gsize) i * SANDBOX_FRAME;
    gsize to = MIN (from + SANDBOX_FRAME, sound->count);
    double sum = 0;

    for (gsize j = from; j < to; j++)
      sum += (double) sound->samples[j] * sound->samples[j];
    level[i] = to > from ? sqrt (sum / (to - from)) : 0;
  }
  sorted = g_memdup2 (level, sizeof *level * frames);
  qsort (sorted, frames, sizeof *sorted, compare_floats);
  loud = MAX (sorted[(guint) (frames * LOUD_QUANTILE)], 200);
  for (guint i = 0; i < frames; i++)
    level[i] = MIN (level[i] / loud, 1);
  return level;
}

/* Lips have weight: a little of the neighbours is mixed in. Soft sounds open
 * more than their share. */
static double
opening_at (const float *level, guint frame)
{
  float before = frame ? level[frame - 1] : 0;
  double mixed = 0.2 * before + 0.65 * level[frame] + 0.15 * level[frame + 1];

  return mixed < 0.03 ? 0 : pow (mixed, 0.8);
}

static gboolean
keep_going (const SandboxRender * render, guint frame, guint frames,
    GError ** error)
{
  g_atomic_int_set (render->permille, 1000 * (gint64) frame / frames);
  return !g_cancellable_set_error_if_cancelled (render->stop, error);
}

/* Pushes every picture; the encoder holds us back when it is behind. */
static gboolean
draw_all (const SandboxRender * render, SandboxEncoder * encoder,
    SandboxFrames * source, SandboxFace * face, const float *level,
    guint frames, GError ** error)
{
  for (guint i = 0; i < frames; i++) {
    SandboxPicture picture;
    GstMapInfo map;
    GstBuffer *buffer;
    double opening = opening_at (level, i);

    if (!keep_going (render, i, frames, error))
      return FALSE;
    buffer = sandbox_encoder_new_picture (encoder, &map, &picture);
    if (source) {
      sandbox_frames_next (source, map.data);
      sandbox_face_draw_mouth (face, &picture, opening);
    } else {
      sandbox_face_draw (face, &picture, (double) i / SANDBOX_FPS, opening);
    }
    sandbox_face_draw_mark (face, &picture);
    if (!sandbox_encoder_push_picture (encoder, buffer, &map, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
encode (const SandboxRender * render, const SandboxSound * sound, guint frames,
    GError ** error)
{
  g_autoptr (SandboxFrames) source = NULL;
  g_autoptr (SandboxFace) face = NULL;
  g_autoptr (SandboxEncoder) encoder = NULL;
  g_autofree float *level = loudness (sound, frames);
  int width = SANDBOX_FACE_WIDTH, height = SANDBOX_FACE_HEIGHT;

  if (render->source) {
    source = sandbox_frames_new (render->source, error);
    if (source == NULL)
      return FALSE;
    sandbox_frames_get_size (source, &width, &height);
  }
  face = sandbox_face_new (width, height);
  encoder = sandbox_encoder_new (render->result, width, height, error);
  if (encoder == NULL)
    return FALSE;
  sandbox_encoder_push_sound (encoder, sound, frames);
  return draw_all (render, encoder, source, face, level, frames, error)
      && sandbox_encoder_finish (encoder, error);
}

/**
 * sandbox_render_run:
 * @render: what to make
 * @duration: (out): of the result, seconds
 * @error: a sentence for the client
 *
 * Returns: whether `render->result` is there
 */
gboolean
sandbox_render_run (const SandboxRender * render, double *duration,
    GError ** error)
{
  g_auto (SandboxSound) sound = { 0 };
  guint frames;

  if (render->text && !sandbox_speech_speak (render->text, render->voice,
          render->language, render->speech, render->stop, error))
    return FALSE;
  if (!sandbox_media_decode (render->speech, &sound, render->stop, error))
    return FALSE;
  /* as many whole pictures as are nearest to the speech */
  frames = MAX (1, (sound.count + SANDBOX_FRAME / 2) / SANDBOX_FRAME);
  *duration = (double) frames / SANDBOX_FPS;
  return encode (render, &sound, frames, error);
}

static gboolean
append_sample_mark (const char *path, GError ** error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileOutputStream) out =
      g_file_append_to (file, G_FILE_CREATE_NONE, NULL, error);
  guint32 size = GUINT32_TO_BE (8 + strlen (SAMPLE_MARK));
  GOutputStream *stream = G_OUTPUT_STREAM (out);

  return out != NULL
      && g_output_stream_write_all (stream, &size, 4, NULL, NULL, error)
      && g_output_stream_write_all (stream, "free" SAMPLE_MARK,
      4 + strlen (SAMPLE_MARK), NULL, NULL, error)
      && g_output_stream_close (stream, NULL, error);
}

/**
 * sandbox_render_is_sample:
 * @path: a fetched video
 *
 * Returns: whether it is the sample face, from this sandbox or another one
 */
gboolean
sandbox_render_is_sample (const char *path)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (path, FALSE, NULL);
  gsize mark = strlen (SAMPLE_MARK), size = 0;

  if (map != NULL)
    size = g_mapped_file_get_length (map);
  return size > mark
      && memcmp (g_mapped_file_get_contents (map) + size - mark, SAMPLE_MARK,
      mark) == 0;
}

/**
 * sandbox_render_sample:
 * @path: the MP4 to write
 * @stop: (nullable): ends it early
 * @error: return location
 *
 * Makes the sample: a silent face with its mouth closed.
 *
 * Returns: whether it is there
 */
gboolean
sandbox_render_sample (const char *path, GCancellable * stop, GError ** error)
{
  g_autoptr (SandboxFace) face =
      sandbox_face_new (SANDBOX_FACE_WIDTH, SANDBOX_FACE_HEIGHT);
  g_autoptr (SandboxEncoder) encoder = sandbox_encoder_new (path,
      SANDBOX_FACE_WIDTH, SANDBOX_FACE_HEIGHT, error);
  guint frames = SANDBOX_FACE_SECONDS * SANDBOX_FPS;
  g_auto (SandboxSound) silence = { NULL, 0 };

  if (encoder == NULL)
    return FALSE;
  sandbox_encoder_push_sound (encoder, &silence, frames);
  for (guint i = 0; i < frames; i++) {
    SandboxPicture picture;
    GstMapInfo map;
    GstBuffer *buffer = sandbox_encoder_new_picture (encoder, &map, &picture);

    sandbox_face_draw (face, &picture, (double) i / SANDBOX_FPS, 0);
    if (!sandbox_encoder_push_picture (encoder, buffer, &map, error)
        || g_cancellable_set_error_if_cancelled (stop, error))
      return FALSE;
  }
  return sandbox_encoder_finish (encoder, error)
      && append_sample_mark (path, error);
}

/**
 * sandbox_render_picture:
 * @path: the PNG to write
 * @error: return location
 *
 * Makes one still picture of the sample.
 *
 * Returns: whether it is there
 */
gboolean
sandbox_render_picture (const char *path, GError ** error)
{
  g_autoptr (SandboxFace) face =
      sandbox_face_new (SANDBOX_FACE_WIDTH, SANDBOX_FACE_HEIGHT);
  g_autoptr (SandboxEncoder) encoder = sandbox_encoder_new_still (path,
      SANDBOX_FACE_WIDTH, SANDBOX_FACE_HEIGHT, error);
  SandboxPicture picture;
  GstMapInfo map;
  GstBuffer *buffer;

  if (encoder == NULL)
    return FALSE;
  buffer = sandbox_encoder_new_picture (encoder, &map, &picture);
  sandbox_face_draw (face, &picture, 0, 0);
  return sandbox_encoder_push_picture (encoder, buffer, &map, error)
      && sandbox_encoder_finish (encoder, error);
}
