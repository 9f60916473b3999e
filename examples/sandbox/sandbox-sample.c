/* The sandbox's own videos: who is seen in them, when and where.
 *
 * What is written here is drawn (sandbox-scene.c) and told to the client
 * alike, so the two agree.
 *
 * Constant data; the functions may be called on any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-sample.h"

#include <string.h>

/* The mark stands behind a sample's last box. Whoever sends a sample back from
 * wherever it was uploaded to gets its own mouths moved. */
typedef struct
{
  const char *name;
  const char *mark;
  SandboxVideoInfo info;
  const SandboxFaceSpan *faces;
  guint count;
} Sample;

static const SandboxFaceSpan one_face[] = {
  {"0", 0, 8, 497, 164, 286, 413},
};

/* They overlap in part, and the second is seen the longest. */
static const SandboxFaceSpan three_faces[] = {
  {"0", 0, 5.2, 190, 197, 260, 376},
  {"1", 1, 11, 830, 197, 260, 376},
  {"2", 9, 10.5, 578, 215, 124, 180},
};

static const Sample samples[SANDBOX_SAMPLES] = {
  {NULL, NULL, {0}, NULL, 0},
  {"face", "kling-sandbox sample face", {8, 1280, 720}, one_face,
      G_N_ELEMENTS (one_face)},
  {"faces", "kling-sandbox sample faces", {12, 1280, 720}, three_faces,
      G_N_ELEMENTS (three_faces)},
};

/**
 * sandbox_sample_info:
 * @sample: one of the samples
 *
 * Returns: its length and size
 */
const SandboxVideoInfo *
sandbox_sample_info (SandboxSample sample)
{
  return &samples[sample].info;
}

/**
 * sandbox_sample_faces:
 * @sample: a sample
 * @count: (out): how many faces there are; 0 for %SANDBOX_NO_SAMPLE
 *
 * Returns: (array length=count): its faces; the place of a face in it is what
 *   #SandboxRender calls `face`
 */
const SandboxFaceSpan *
sandbox_sample_faces (SandboxSample sample, guint * count)
{
  *count = samples[sample].count;
  return samples[sample].faces;
}

/**
 * sandbox_sample_name:
 * @sample: one of the samples
 *
 * Returns: its name; the video is /sandbox/NAME.mp4
 */
const char *
sandbox_sample_name (SandboxSample sample)
{
  return samples[sample].name;
}

/**
 * sandbox_sample_picture:
 * @sample: one of the samples
 * @face: which of its faces, from 0
 *
 * Returns: (transfer full): the name of the face's picture below /sandbox/
 */
char *
sandbox_sample_picture (SandboxSample sample, guint face)
{
  const Sample *data = &samples[sample];

  return data->count == 1 ? g_strconcat (data->name, ".png", NULL) :
      g_strconcat (data->name, "-", data->faces[face].id, ".png", NULL);
}

static gboolean
ends_with (GMappedFile * map, const char *mark)
{
  gsize length = strlen (mark), size = g_mapped_file_get_length (map);

  return size > length
      && memcmp (g_mapped_file_get_contents (map) + size - length, mark,
      length) == 0;
}

/**
 * sandbox_sample_of_file:
 * @path: a fetched video
 *
 * Returns: which sample it is, made by this sandbox or another one
 */
SandboxSample
sandbox_sample_of_file (const char *path)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (path, FALSE, NULL);
  int sample = map ? SANDBOX_SAMPLES - 1 : SANDBOX_NO_SAMPLE;

  while (sample > SANDBOX_NO_SAMPLE && !ends_with (map, samples[sample].mark))
    sample--;
  return sample;
}

/**
 * sandbox_sample_mark:
 * @sample: which sample it is
 * @path: an MP4 file; a `free` box is added at its end
 * @error: return location
 *
 * Returns: whether sandbox_sample_of_file() will know it
 */
gboolean
sandbox_sample_mark (SandboxSample sample, const char *path, GError ** error)
{
  const char *mark = samples[sample].mark;
  g_autofree char *box = g_strconcat ("free", mark, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileOutputStream) out =
      g_file_append_to (file, G_FILE_CREATE_NONE, NULL, error);
  guint32 size = GUINT32_TO_BE (4 + strlen (box));
  GOutputStream *stream = G_OUTPUT_STREAM (out);

  return out != NULL
      && g_output_stream_write_all (stream, &size, 4, NULL, NULL, error)
      && g_output_stream_write_all (stream, box, strlen (box), NULL, NULL,
      error)
      && g_output_stream_close (stream, NULL, error);
}
