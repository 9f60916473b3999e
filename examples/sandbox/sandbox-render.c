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

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "sandbox-encoder.h"
#include "sandbox-frames.h"
#include "sandbox-scene.h"
#include "sandbox-speech.h"

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
  {"lamemp3enc", "gstreamer1.0-plugins-good"},
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

/* What is heard, and what the mouth does. */
typedef struct
{
  SandboxSound sound;           /* of the whole result */
  float *level;                 /* how loud each picture is, 0 to 1 */
  guint frames;
} Track;

static void
track_clear (Track * track)
{
  sandbox_sound_clear (&track->sound);
  g_clear_pointer (&track->level, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Track, track_clear)
     static int compare_floats (gconstpointer a, gconstpointer b)
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
    SandboxFrames * source, SandboxScene * scene, const Track * track,
    GError ** error)
{
  for (guint i = 0; i < track->frames; i++) {
    SandboxPicture picture;
    GstMapInfo map;
    GstBuffer *buffer;
    double opening = opening_at (track->level, i);

    if (!keep_going (render, i, track->frames, error))
      return FALSE;
    buffer = sandbox_encoder_new_picture (encoder, &map, &picture);
    if (source) {
      sandbox_frames_next (source, map.data);
      sandbox_scene_draw_mouth (scene, &picture, opening);
    } else {
      sandbox_scene_draw (scene, &picture, (double) i / SANDBOX_FPS,
          render->face, opening);
    }
    sandbox_scene_draw_mark (scene, &picture);
    if (!sandbox_encoder_push_picture (encoder, buffer, &map, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
encode (const SandboxRender * render, const Track * track, GError ** error)
{
  const SandboxVideoInfo *info = sandbox_sample_info (render->sample);
  g_autoptr (SandboxFrames) source = NULL;
  g_autoptr (SandboxScene) scene = NULL;
  g_autoptr (SandboxEncoder) encoder = NULL;
  int width = info->width, height = info->height;

  if (render->source) {
    source = sandbox_frames_new (render->source, error);
    if (source == NULL)
      return FALSE;
    sandbox_frames_get_size (source, &width, &height);
  }
  scene = sandbox_scene_new (render->sample, width, height);
  encoder = sandbox_encoder_new (render->result, width, height, error);
  if (encoder == NULL)
    return FALSE;
  sandbox_encoder_push_sound (encoder, &track->sound, track->frames);
  return draw_all (render, encoder, source, scene, track, error)
      && sandbox_encoder_finish (encoder, error);
}

/* As many whole pictures as are nearest. */
static guint
count_frames (double samples)
{
  return MAX (1, (guint) (samples / SANDBOX_FRAME + 0.5));
}

/* Nothing but the speech. */
static void
follow_speech (Track * track, SandboxSound * speech)
{
  track->frames = count_frames (speech->count);
  track->level = loudness (speech, track->frames);
  track->sound = *speech;
  *speech = (SandboxSound) {
  0};
}

/* Which sample that is, of @count. */
static gsize
sample_at (double seconds, gsize count)
{
  return CLAMP (seconds * SANDBOX_RATE, 0, (double) count);
}

/* Over what is there already, as far as there is room. */
static void
put_sound (const SandboxSound * sound, double volume, gint16 * place,
    gsize room)
{
  for (gsize i = 0; i < MIN (sound->count, room); i++)
    place[i] = CLAMP (sound->samples[i] * volume, G_MININT16, G_MAXINT16);
}

/* The video's own sound, if it has any. */
static void
put_original (Track * track, const SandboxRender * render)
{
  double volume = render->window->original_volume;
  g_auto (SandboxSound) sound = { 0 };

  if (render->source && volume > 0
      && sandbox_media_decode (render->source, &sound, render->stop, NULL))
    put_sound (&sound, volume, track->sound.samples, track->sound.count);
}

/* The mouth follows the cut as it is in the speech, whatever its volume. */
static void
follow_cut (Track * track, const SandboxSound * cut, gsize place)
{
  guint first = place / SANDBOX_FRAME;
  guint frames = MIN (count_frames (cut->count), track->frames - first);
  g_autofree float *level = loudness (cut, frames);

  track->level = g_new0 (float, track->frames + 1);
  memcpy (track->level + first, level, frames * sizeof *level);
}

/* The whole video, and in its place a cut of the speech. */
static void
follow_video (Track * track, const SandboxRender * render, double length,
    const SandboxSound * speech)
{
  const SandboxWindow *window = render->window;
  gsize from = sample_at (window->start, speech->count);
  gsize to = MAX (from, sample_at (window->end, speech->count)), place, room;
  SandboxSound cut = { speech->samples + from, to - from };

  track->frames = count_frames (length * SANDBOX_RATE);
  track->sound.count = (gsize) track->frames * SANDBOX_FRAME;
  track->sound.samples = g_new0 (gint16, track->sound.count);
  place = sample_at (window->insert, track->sound.count - 1);
  room = track->sound.count - place;
  put_original (track, render);
  put_sound (&cut, window->volume, track->sound.samples + place, room);
  follow_cut (track, &cut, place);
}

static gboolean
make_track (const SandboxRender * render, Track * track, GError ** error)
{
  SandboxVideoInfo info = *sandbox_sample_info (render->sample);
  g_auto (SandboxSound) speech = { 0 };

  if (!sandbox_media_decode (render->speech, &speech, render->stop, error))
    return FALSE;
  if (render->window == NULL) {
    follow_speech (track, &speech);
    return TRUE;
  }
  if (render->source
      && !sandbox_media_probe_video (render->source, &info, error))
    return FALSE;
  follow_video (track, render, info.duration, &speech);
  return TRUE;
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
  g_auto (Track) track = { {0} };

  if (render->text && !sandbox_speech_speak (render->text, render->voice,
          render->language, render->speed, render->speech, render->stop, error))
    return FALSE;
  if (!make_track (render, &track, error))
    return FALSE;
  *duration = (double) track.frames / SANDBOX_FPS;
  return encode (render, &track, error);
}

/**
 * sandbox_render_say:
 * @text: what to say
 * @voice: who says it
 * @language: `zh` or `en`
 * @speed: times as fast as the voice is; 1 is its own
 * @path: the MP3 file to write; nothing in it is longer or shorter than the
 *   text takes, and a decoder may add a twentieth of a second
 * @duration: (out): of it, seconds
 * @stop: (nullable): ends it early
 * @error: a sentence for the client
 *
 * Text to speech without a video.
 *
 * Returns: whether it was said
 */
gboolean
sandbox_render_say (const char *text, const SandboxVoice * voice,
    const char *language, double speed, const char *path, double *duration,
    GCancellable * stop, GError ** error)
{
  g_autofree char *wav = g_strconcat (path, ".wav", NULL);
  gboolean done = sandbox_speech_say (text, voice, language, speed, wav,
      duration, stop, error) && sandbox_encoder_make_mp3 (wav, path, error);

  g_unlink (wav);
  return done;
}

/**
 * sandbox_render_sample:
 * @sample: which one
 * @path: the MP4 to write
 * @stop: (nullable): ends it early
 * @error: return location
 *
 * Makes a sample: silent faces with their mouths closed.
 *
 * Returns: whether it is there
 */
gboolean
sandbox_render_sample (SandboxSample sample, const char *path,
    GCancellable * stop, GError ** error)
{
  const SandboxVideoInfo *info = sandbox_sample_info (sample);
  g_autoptr (SandboxScene) scene =
      sandbox_scene_new (sample, info->width, info->height);
  g_autoptr (SandboxEncoder) encoder =
      sandbox_encoder_new (path, info->width, info->height, error);
  guint frames = count_frames (info->duration * SANDBOX_RATE);
  g_auto (SandboxSound) silence = { NULL, 0 };

  if (encoder == NULL)
    return FALSE;
  sandbox_encoder_push_sound (encoder, &silence, frames);
  for (guint i = 0; i < frames; i++) {
    SandboxPicture picture;
    GstMapInfo map;
    GstBuffer *buffer = sandbox_encoder_new_picture (encoder, &map, &picture);

    sandbox_scene_draw (scene, &picture, (double) i / SANDBOX_FPS, 0, 0);
    if (!sandbox_encoder_push_picture (encoder, buffer, &map, error)
        || g_cancellable_set_error_if_cancelled (stop, error))
      return FALSE;
  }
  return sandbox_encoder_finish (encoder, error)
      && sandbox_sample_mark (sample, path, error);
}

/**
 * sandbox_render_picture:
 * @sample: one of the samples
 * @face: which of its faces, from 0
 * @path: the PNG to write
 * @error: return location
 *
 * Makes a picture of one face: its person alone, in the size of the sample.
 *
 * Returns: whether it is there
 */
gboolean
sandbox_render_picture (SandboxSample sample, int face, const char *path,
    GError ** error)
{
  const SandboxVideoInfo *info = sandbox_sample_info (sample);
  g_autoptr (SandboxScene) scene =
      sandbox_scene_new (sample, info->width, info->height);
  g_autoptr (SandboxEncoder) encoder =
      sandbox_encoder_new_still (path, info->width, info->height, error);
  SandboxPicture picture;
  GstMapInfo map;
  GstBuffer *buffer;

  if (encoder == NULL)
    return FALSE;
  buffer = sandbox_encoder_new_picture (encoder, &map, &picture);
  sandbox_scene_draw_portrait (scene, &picture, face);
  return sandbox_encoder_push_picture (encoder, buffer, &map, error)
      && sandbox_encoder_finish (encoder, error);
}
