/* Pictures and sound in, a file out.
 *
 * H.264 and AAC in MP4, with `moov` at the end as the service's files may have
 * it: a client that can only read it at the beginning is found out.
 *
 * The sound is pushed whole before the first picture; pictures are pushed one
 * by one and wait for the encoder. One encoder belongs to one thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-encoder.h"

#include <gst/app/gstappsrc.h>
#include <string.h>

#define FINISH_SECONDS 60

/* An AAC encoder adds a block in front and fills up the last one. That much
 * less of the silence at the end keeps sound and pictures together. */
#define AAC_BLOCK 1024

#define QUEUE_BYTES (8 * 1024 * 1024)

struct _SandboxEncoder
{
  GstElement *pipeline;
  GstAppSrc *video;
  GstAppSrc *audio;             /* (nullable): a still has no sound */
  int width, height;
  guint pushed;
};

static GstAppSrc *
get_source (SandboxEncoder * encoder, const char *name, GstCaps * caps)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (encoder->pipeline), name);

  if (element)
    gst_app_src_set_caps (GST_APP_SRC (element), caps);
  return element ? GST_APP_SRC (element) : NULL;
}

static GstCaps *
picture_caps (int width, int height)
{
  return gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420",
      "width", G_TYPE_INT, width, "height", G_TYPE_INT, height, "framerate",
      GST_TYPE_FRACTION, SANDBOX_FPS, 1, "pixel-aspect-ratio",
      GST_TYPE_FRACTION, 1, 1, "colorimetry", G_TYPE_STRING, "bt709",
      "interlace-mode", G_TYPE_STRING, "progressive", NULL);
}

static GstCaps *
sound_caps (void)
{
  return gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
      "S16LE", "layout", G_TYPE_STRING, "interleaved", "rate",
      G_TYPE_INT, SANDBOX_RATE, "channels", G_TYPE_INT, 1, NULL);
}

static void
set_location (GstElement * pipeline, const char *name, const char *path)
{
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (pipeline), name);

  g_object_set (element, "location", path, NULL);
}

static SandboxEncoder *
new_from_description (const char *description, const char *path, int width,
    int height, GError ** error)
{
  g_autoptr (SandboxEncoder) encoder = g_new0 (SandboxEncoder, 1);
  g_autoptr (GstCaps) pictures = picture_caps (width, height);
  g_autoptr (GstCaps) sound = sound_caps ();

  encoder->width = width;
  encoder->height = height;
  encoder->pipeline = gst_parse_launch (description, error);
  if (encoder->pipeline == NULL)
    return NULL;
  set_location (encoder->pipeline, "file", path);
  encoder->video = get_source (encoder, "video", pictures);
  encoder->audio = get_source (encoder, "audio", sound);
  gst_element_set_state (encoder->pipeline, GST_STATE_PLAYING);
  return g_steal_pointer (&encoder);
}

/**
 * sandbox_encoder_new:
 * @path: the MP4 to write
 * @width: of the pictures, divisible by 8
 * @height: of the pictures, divisible by 8
 * @error: return location
 *
 * Returns: (transfer full): an encoder that waits for sound, then pictures
 */
SandboxEncoder *
sandbox_encoder_new (const char *path, int width, int height, GError ** error)
{
  g_autofree char *description =
      g_strdup_printf ("appsrc name=video format=time block=true "
      "max-bytes=%d ! x264enc speed-preset=superfast pass=quant quantizer=22 "
      "bframes=0 key-int-max=50 ! video/x-h264,profile=main ! queue ! mux. "
      "appsrc name=audio format=time max-bytes=0 ! audioconvert ! "
      "avenc_aac bitrate=128000 ! queue ! mux. "
      "mp4mux name=mux faststart=false ! filesink name=file async=false",
      QUEUE_BYTES);

  return new_from_description (description, path, width, height, error);
}

SandboxEncoder *
sandbox_encoder_new_still (const char *path, int width, int height,
    GError ** error)
{
  return new_from_description ("appsrc name=video format=time ! videoconvert "
      "! pngenc snapshot=true ! filesink name=file async=false", path, width,
      height, error);
}

void
sandbox_encoder_free (SandboxEncoder * encoder)
{
  if (encoder->pipeline)
    gst_element_set_state (encoder->pipeline, GST_STATE_NULL);
  g_clear_object (&encoder->video);
  g_clear_object (&encoder->audio);
  g_clear_object (&encoder->pipeline);
  g_free (encoder);
}

/**
 * sandbox_encoder_push_sound:
 * @encoder: an encoder without sound yet
 * @sound: the samples
 * @frames: how many pictures there will be; the sound is cut or filled with
 *   silence to their length
 */
void
sandbox_encoder_push_sound (SandboxEncoder * encoder,
    const SandboxSound * sound, guint frames)
{
  gsize total = (gsize) frames * SANDBOX_FRAME - AAC_BLOCK;
  gsize size = total * sizeof *sound->samples;
  gint16 *samples = g_malloc0 (size);
  GstBuffer *buffer;

  if (sound->count > 0)
    memcpy (samples, sound->samples, MIN (sound->count, total) *
        sizeof *sound->samples);
  buffer = gst_buffer_new_wrapped (samples, size);
  GST_BUFFER_PTS (buffer) = 0;
  GST_BUFFER_DURATION (buffer) =
      gst_util_uint64_scale (total, GST_SECOND, SANDBOX_RATE);
  gst_app_src_push_buffer (encoder->audio, buffer);
  gst_app_src_end_of_stream (encoder->audio);
}

/**
 * sandbox_encoder_new_picture:
 * @encoder: an encoder
 * @map: (out): the memory to paint
 * @picture: (out): the same as planes
 *
 * Returns: (transfer full): for sandbox_encoder_push_picture()
 */
GstBuffer *
sandbox_encoder_new_picture (SandboxEncoder * encoder, GstMapInfo * map,
    SandboxPicture * picture)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL,
      sandbox_picture_size (encoder->width, encoder->height), NULL);

  gst_buffer_map (buffer, map, GST_MAP_READWRITE);
  sandbox_picture_init (picture, map->data, encoder->width, encoder->height);
  return buffer;
}

static gboolean
fail (GstElement * pipeline, GError ** error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) problem = NULL;

  if (message)
    gst_message_parse_error (message, &problem, NULL);
  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
      "cannot encode: %s", problem ? problem->message : "no reason");
  return FALSE;
}

/**
 * sandbox_encoder_push_picture:
 * @encoder: an encoder
 * @buffer: (transfer full): a painted picture
 * @map: its memory
 * @error: return location
 *
 * Waits while the encoder is behind.
 *
 * Returns: whether the encoder still works
 */
gboolean
sandbox_encoder_push_picture (SandboxEncoder * encoder, GstBuffer * buffer,
    GstMapInfo * map, GError ** error)
{
  gst_buffer_unmap (buffer, map);
  GST_BUFFER_PTS (buffer) =
      gst_util_uint64_scale (encoder->pushed++, GST_SECOND, SANDBOX_FPS);
  GST_BUFFER_DURATION (buffer) = GST_SECOND / SANDBOX_FPS;
  return gst_app_src_push_buffer (encoder->video, buffer) == GST_FLOW_OK
      || fail (encoder->pipeline, error);
}

/* Until everything is in the file. */
static gboolean
wait_for_end (GstElement * pipeline, GError ** error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (bus,
      FINISH_SECONDS * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  if (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_bus_post (bus, gst_message_ref (message));
  return (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      || fail (pipeline, error);
}

/**
 * sandbox_encoder_finish:
 * @encoder: an encoder
 * @error: return location
 *
 * Returns: whether the file is whole
 */
gboolean
sandbox_encoder_finish (SandboxEncoder * encoder, GError ** error)
{
  gst_app_src_end_of_stream (encoder->video);
  if (!wait_for_end (encoder->pipeline, error))
    return FALSE;
  gst_element_set_state (encoder->pipeline, GST_STATE_NULL);
  return TRUE;
}

/**
 * sandbox_encoder_make_mp3:
 * @wav: a WAV file
 * @path: the MP3 file to write, at a constant bit rate, so that its length can
 *   be told from its size
 * @error: return location
 *
 * Returns: whether the file is whole
 */
gboolean
sandbox_encoder_make_mp3 (const char *wav, const char *path, GError ** error)
{
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("filesrc name=wav ! wavparse ! audioconvert ! "
      "lamemp3enc target=bitrate cbr=true bitrate=64 ! filesink name=file",
      error);
  gboolean done;

  if (pipeline == NULL)
    return FALSE;
  set_location (pipeline, "wav", wav);
  set_location (pipeline, "file", path);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  done = wait_for_end (pipeline, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return done;
}
