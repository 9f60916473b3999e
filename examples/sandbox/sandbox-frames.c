/* The pictures of somebody's video, one after the other, for ever.
 *
 * Decoded, brought to 25 pictures a second and to a size whose shorter side is
 * at least 720; at its end the video starts over, and where that fails its
 * last picture stands still.
 *
 * One set of frames belongs to one thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-frames.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <string.h>

#include "sandbox-raster.h"

#define MIN_SIDE 720.0
#define WAIT_SECONDS 10

struct _SandboxFrames
{
  GstElement *pipeline;
  GstAppSink *sink;
  int width, height;
  GstSample *first;             /* (nullable): pulled in advance */
  guint8 *last;                 /* a whole picture */
  gboolean any;                 /* since the last start */
  gboolean ended;
};

static int
round_side (double side)
{
  return MAX (8, (int) (side / 8 + 0.5) * 8);
}

static void
choose_size (SandboxFrames * frames, const SandboxVideoInfo * info)
{
  double scale = MAX (1, MIN_SIDE / MIN (info->width, info->height));

  frames->width = round_side (info->width * scale);
  frames->height = round_side (info->height * scale);
}

static gboolean
build (SandboxFrames * frames, const char *path, GError ** error)
{
  g_autofree char *description =
      g_strdup_printf
      ("filesrc name=file ! decodebin ! videoconvert ! videorate "
      "! videoscale add-borders=false ! video/x-raw,format=I420,width=%d,"
      "height=%d,framerate=%d/1,pixel-aspect-ratio=1/1,colorimetry=bt709 ! "
      "appsink name=sink sync=false max-buffers=4", frames->width,
      frames->height, SANDBOX_FPS);
  g_autoptr (GstElement) file = NULL;

  frames->pipeline = gst_parse_launch (description, error);
  if (frames->pipeline == NULL)
    return FALSE;
  file = gst_bin_get_by_name (GST_BIN (frames->pipeline), "file");
  g_object_set (file, "location", path, NULL);
  frames->sink = GST_APP_SINK (gst_bin_get_by_name (GST_BIN
          (frames->pipeline), "sink"));
  gst_element_set_state (frames->pipeline, GST_STATE_PLAYING);
  return TRUE;
}

static gboolean
is_over (SandboxFrames * frames)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (frames->pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);

  return message != NULL || gst_app_sink_is_eos (frames->sink);
}

/* An error in the pipeline does not wake who waits at its end: look, often. */
static GstSample *
pull_once (SandboxFrames * frames)
{
  gint64 end = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;
  GstSample *sample;

  do {
    sample = gst_app_sink_try_pull_sample (frames->sink, 50 * GST_MSECOND);
  } while (sample == NULL && !is_over (frames)
      && g_get_monotonic_time () < end);
  return sample;
}

/**
 * sandbox_frames_new:
 * @path: a video
 * @error: return location
 *
 * Returns: (transfer full): its pictures, of which there is at least one
 */
SandboxFrames *
sandbox_frames_new (const char *path, GError ** error)
{
  g_autoptr (SandboxFrames) frames = g_new0 (SandboxFrames, 1);
  SandboxVideoInfo info;

  if (!sandbox_media_probe_video (path, &info, error))
    return NULL;
  choose_size (frames, &info);
  frames->last =
      g_malloc (sandbox_picture_size (frames->width, frames->height));
  if (!build (frames, path, error))
    return NULL;
  frames->first = pull_once (frames);
  if (frames->first == NULL) {
    g_set_error_literal (error, SANDBOX_ERROR, SANDBOX_ERROR_VALUE,
        "the video cannot be decoded");
    return NULL;
  }
  return g_steal_pointer (&frames);
}

void
sandbox_frames_free (SandboxFrames * frames)
{
  if (frames->pipeline)
    gst_element_set_state (frames->pipeline, GST_STATE_NULL);
  g_clear_pointer (&frames->first, gst_sample_unref);
  g_clear_object (&frames->sink);
  g_clear_object (&frames->pipeline);
  g_free (frames->last);
  g_free (frames);
}

void
sandbox_frames_get_size (SandboxFrames * frames, int *width, int *height)
{
  *width = frames->width;
  *height = frames->height;
}

/* A start that yields no picture is the last one. */
static gboolean
start_over (SandboxFrames * frames)
{
  if (!frames->any)
    return FALSE;
  frames->any = FALSE;
  return gst_element_seek_simple (frames->pipeline, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT, 0);
}

static GstSample *
pull (SandboxFrames * frames)
{
  GstSample *sample = NULL;

  if (frames->first)
    return g_steal_pointer (&frames->first);
  if (!frames->ended)
    sample = pull_once (frames);
  if (sample == NULL && !frames->ended && start_over (frames))
    sample = pull_once (frames);
  frames->ended = sample == NULL;
  return sample;
}

/**
 * sandbox_frames_next:
 * @frames: the pictures
 * @picture: where the next one goes: I420, planes without gaps
 */
void
sandbox_frames_next (SandboxFrames * frames, guint8 * picture)
{
  gsize size = sandbox_picture_size (frames->width, frames->height);
  g_autoptr (GstSample) sample = pull (frames);
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;
  GstMapInfo map;

  if (buffer && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    memcpy (frames->last, map.data, MIN (size, map.size));
    gst_buffer_unmap (buffer, &map);
    frames->any = TRUE;
  }
  memcpy (picture, frames->last, size);
}
