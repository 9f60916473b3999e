/* What a fetched file is, and whether the service would take it.
 *
 * A file is looked at by its first bytes before GStreamer sees it: only the
 * documented kinds of files go on. So a play list or a page, which could make
 * a decoder open something else, never does.
 *
 * On a worker's thread; no state.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-media.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/pbutils/pbutils.h>
#include <stdio.h>
#include <string.h>

/* The service's limits. */
#define MIN_SECONDS 2.0
#define MAX_SECONDS 60.0

#define LOOK_SECONDS 15
#define DECODE_SECONDS 30

typedef enum
{
  KIND_UNKNOWN,
  KIND_ISOBMFF,
  KIND_SOUND,
  KIND_IMAGE,
  KIND_OTHER_VIDEO,
} Kind;

static gboolean
refuse (GError ** error, const char *format, ...)
G_GNUC_PRINTF (2, 3);

     static gboolean refuse (GError ** error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (SANDBOX_ERROR, SANDBOX_ERROR_VALUE, format,
        args);
  va_end (args);
  return FALSE;
}

static gboolean
is_isobmff (const guint8 * head)
{
  static const char boxes[] = "ftyp moov mdat free skip wide pnot";

  for (const char *box = boxes; box < boxes + sizeof boxes - 1; box += 5)
    if (memcmp (head + 4, box, 4) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_sound (const guint8 * head)
{
  if (memcmp (head, "RIFF", 4) == 0 && memcmp (head + 8, "WAVE", 4) == 0)
    return TRUE;
  if (memcmp (head, "ID3", 3) == 0)
    return TRUE;
  /* MPEG audio of any layer, or ADTS (layer 0) */
  return head[0] == 0xff && (head[1] & 0xe0) == 0xe0;
}

static Kind
kind_of_file (const char *path)
{
  guint8 head[16] = { 0 };
  FILE *file = fopen (path, "rb");
  gsize n = file ? fread (head, 1, sizeof head, file) : 0;

  if (file)
    fclose (file);
  if (n < sizeof head)
    return KIND_UNKNOWN;
  if (is_isobmff (head))
    return KIND_ISOBMFF;
  if (memcmp (head, "\xff\xd8\xff", 3) == 0
      || memcmp (head, "\x89PNG\r\n\x1a\n", 8) == 0)
    return KIND_IMAGE;
  if (memcmp (head, "\x1a\x45\xdf\xa3", 4) == 0
      || (memcmp (head, "RIFF", 4) == 0 && memcmp (head + 8, "AVI ", 4) == 0))
    return KIND_OTHER_VIDEO;
  return is_sound (head) ? KIND_SOUND : KIND_UNKNOWN;
}

static GstDiscovererInfo *
discover (const char *path)
{
  g_autoptr (GstDiscoverer) discoverer =
      gst_discoverer_new (LOOK_SECONDS * GST_SECOND, NULL);
  g_autofree char *uri = gst_filename_to_uri (path, NULL);
  g_autoptr (GstDiscovererInfo) info = NULL;

  if (discoverer == NULL || uri == NULL)
    return NULL;
  info = gst_discoverer_discover_uri (discoverer, uri, NULL);
  if (info && gst_discoverer_info_get_result (info) != GST_DISCOVERER_OK)
    return NULL;
  return g_steal_pointer (&info);
}

static gboolean
read_video_stream (GstDiscovererInfo * media, SandboxVideoInfo * info)
{
  GList *streams = gst_discoverer_info_get_video_streams (media);
  GstDiscovererVideoInfo *video = streams ? streams->data : NULL;
  gboolean found = video && !gst_discoverer_video_info_is_image (video);

  if (found) {
    guint n = MAX (1, gst_discoverer_video_info_get_par_num (video));
    guint d = MAX (1, gst_discoverer_video_info_get_par_denom (video));

    info->duration = gst_discoverer_info_get_duration (media) / 1e9;
    info->height = gst_discoverer_video_info_get_height (video);
    info->width = gst_discoverer_video_info_get_width (video) * n / d;
  }
  gst_discoverer_stream_info_list_free (streams);
  return found && info->width > 0 && info->height > 0;
}

/**
 * sandbox_media_probe_video:
 * @path: an MP4 or MOV file
 * @info: (out): what it is
 * @error: return location
 *
 * Returns: whether it can be read at all; no limits are checked
 */
gboolean
sandbox_media_probe_video (const char *path, SandboxVideoInfo * info,
    GError ** error)
{
  g_autoptr (GstDiscovererInfo) media = NULL;

  if (kind_of_file (path) == KIND_OTHER_VIDEO)
    return refuse (error, "the video is neither .mp4 nor .mov");
  if (kind_of_file (path) == KIND_ISOBMFF)
    media = discover (path);
  if (media == NULL || !read_video_stream (media, info))
    return refuse (error, "there is no human in the video");
  return TRUE;
}

/**
 * sandbox_media_check_video:
 * @path: a fetched file
 * @limits: of the call that it came with
 * @info: (out): what it is
 * @error: what the service would say
 *
 * Returns: whether the service would take it
 */
gboolean
sandbox_media_check_video (const char *path, const SandboxVideoLimits * limits,
    SandboxVideoInfo * info, GError ** error)
{
  if (!sandbox_media_probe_video (path, info, error))
    return FALSE;
  if (info->duration < MIN_SECONDS - SANDBOX_GRACE_SECONDS
      || info->duration > limits->max_seconds + SANDBOX_GRACE_SECONDS)
    return refuse (error, "the video is %.2f s long; 2 to %.0f s are allowed",
        info->duration, limits->max_seconds);
  if (MIN (info->width, info->height) < limits->min_side
      || MAX (info->width, info->height) > limits->max_side)
    return refuse (error, "the video is %ux%u; each side has to be %u to "
        "%u pixels", info->width, info->height, limits->min_side,
        limits->max_side);
  return TRUE;
}

gboolean
sandbox_media_check_image (const char *path, GError ** error)
{
  g_autoptr (GstDiscovererInfo) media = NULL;
  GList *streams;

  if (kind_of_file (path) == KIND_IMAGE)
    media = discover (path);
  streams = media ? gst_discoverer_info_get_video_streams (media) : NULL;
  if (streams == NULL)
    return refuse (error, "the face image is no readable JPEG or PNG");
  gst_discoverer_stream_info_list_free (streams);
  return TRUE;
}

void
sandbox_sound_clear (SandboxSound * sound)
{
  g_clear_pointer (&sound->samples, g_free);
  sound->count = 0;
}

static GstElement *
new_decoder (const char *path)
{
  GstElement *pipeline =
      gst_parse_launch ("filesrc name=file ! decodebin ! "
      "audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate=48000,"
      "layout=interleaved ! appsink name=sink sync=false max-buffers=32",
      NULL);
  g_autoptr (GstElement) file = NULL;

  if (pipeline == NULL)
    return NULL;
  file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  g_object_set (file, "location", path, NULL);
  return pipeline;
}

static gboolean
pipeline_failed (GstElement * pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);

  return message != NULL;
}

/* One sample more than the limit is enough to know that it is too long. */
static gboolean
append_sample (GByteArray * pcm, GstSample * sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstMapInfo map;

  if (buffer && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_byte_array_append (pcm, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
  }
  return pcm->len / 2 <= (MAX_SECONDS + SANDBOX_GRACE_SECONDS) * SANDBOX_RATE;
}

static void
pull_all (GstElement * pipeline, GByteArray * pcm, GCancellable * stop)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  gint64 end = g_get_monotonic_time () + DECODE_SECONDS * G_USEC_PER_SEC;
  gboolean more = TRUE;

  while (more && g_get_monotonic_time () < end
      && !g_cancellable_is_cancelled (stop)) {
    g_autoptr (GstSample) sample =
        gst_app_sink_try_pull_sample (GST_APP_SINK (sink), 100 * GST_MSECOND);

    if (sample)
      more = append_sample (pcm, sample);
    else
      more = !gst_app_sink_is_eos (GST_APP_SINK (sink))
          && !pipeline_failed (pipeline);
  }
}

/**
 * sandbox_media_decode:
 * @path: a sound file
 * @sound: (out): its samples, at most a little more than 60 s
 * @stop: (nullable): ends it early
 * @error: return location
 *
 * Returns: whether there was any sound
 */
gboolean
sandbox_media_decode (const char *path, SandboxSound * sound,
    GCancellable * stop, GError ** error)
{
  g_autoptr (GstElement) pipeline = NULL;
  GByteArray *pcm;

  if (kind_of_file (path) != KIND_SOUND && kind_of_file (path) != KIND_ISOBMFF)
    return refuse (error, "the audio is none of .mp3, .wav, .m4a, .aac");
  pipeline = new_decoder (path);
  if (pipeline == NULL)
    return refuse (error, "the audio cannot be decoded");
  pcm = g_byte_array_new ();
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  pull_all (pipeline, pcm, stop);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  sound->count = pcm->len / 2;
  sound->samples = (gint16 *) g_byte_array_free (pcm, FALSE);
  if (sound->count > 0)
    return TRUE;
  sandbox_sound_clear (sound);
  return refuse (error, "the audio cannot be decoded");
}

/**
 * sandbox_media_check_length:
 * @seconds: how long an audio is
 * @error: what the service would say
 *
 * Returns: whether the service would take it
 */
gboolean
sandbox_media_check_length (double seconds, GError ** error)
{
  if (seconds > MAX_SECONDS + SANDBOX_GRACE_SECONDS)
    return refuse (error, "the audio is longer than 60 s; 2 to 60 s are "
        "allowed");
  if (seconds < MIN_SECONDS - SANDBOX_GRACE_SECONDS)
    return refuse (error, "the audio is %.2f s long; 2 to 60 s are allowed",
        seconds);
  return TRUE;
}

/**
 * sandbox_media_check_audio:
 * @path: a fetched file
 * @seconds: (out): how long it is
 * @stop: (nullable): ends it early
 * @error: what the service would say
 *
 * Returns: whether the service would take it
 */
gboolean
sandbox_media_check_audio (const char *path, double *seconds,
    GCancellable * stop, GError ** error)
{
  g_auto (SandboxSound) sound = { 0 };

  if (!sandbox_media_decode (path, &sound, stop, error))
    return FALSE;
  *seconds = (double) sound.count / SANDBOX_RATE;
  return sandbox_media_check_length (*seconds, error);
}
