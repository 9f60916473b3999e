/* klinglipsync: samples as the file that is sent
 *
 * A WAV file at the highest standard rate that is not above that of the samples
 * and keeps the file within KLING_AUDIO_BYTES_MADE. At a standard rate that fits
 * the samples stay as they are.
 *
 * On any thread; no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingwav.h"

#include <string.h>

#include "kling-limits.h"

#define HEADER_SIZE 44
/* What is read and converted at once */
#define BLOCK_FRAMES (64 * 1024)
#define FRAMES_MADE \
  ((guint64) (KLING_AUDIO_BYTES_MADE - HEADER_SIZE) / GST_KLING_SAMPLE_SIZE)

static const gint standard_rates[] = {
  48000, 44100, 32000, 24000, 22050, 16000
};

#define LOWEST_STANDARD_RATE 16000

/* How many frames @frames at @from become at @to */
static guint64
scale_frames (guint64 frames, gint from, gint to)
{
  return gst_util_uint64_scale_int_round (frames, to, from);
}

/**
 * gst_kling_wav_get_lowest_rate:
 * @rate: of samples, in Hz
 *
 * Returns: the rate that they may be brought to, in Hz: what is below every
 *   standard rate stays as it is
 */
gint
gst_kling_wav_get_lowest_rate (gint rate)
{
  return MIN (rate, LOWEST_STANDARD_RATE);
}

/**
 * gst_kling_wav_get_most_frames:
 * @rate: of samples, in Hz
 *
 * Returns: how many of them can be sent, at whatever rate
 */
guint64
gst_kling_wav_get_most_frames (gint rate)
{
  return gst_util_uint64_scale_int (FRAMES_MADE, rate,
      gst_kling_wav_get_lowest_rate (rate));
}

/**
 * gst_kling_wav_choose_rate:
 * @rate: of the samples, in Hz
 * @frames: how many, at most gst_kling_wav_get_most_frames()
 *
 * Returns: the rate that they are sent at
 */
gint
gst_kling_wav_choose_rate (gint rate, guint64 frames)
{
  for (guint i = 0; i < G_N_ELEMENTS (standard_rates); i++) {
    if (standard_rates[i] <= rate
        && scale_frames (frames, rate, standard_rates[i]) <= FRAMES_MADE)
      return standard_rates[i];
  }
  return gst_kling_wav_get_lowest_rate (rate);
}

/* The canonical one: RIFF, a fmt chunk of 16 bytes, the data chunk */
static void
write_header (guint8 * header, gint rate, guint32 size)
{
  memcpy (header, "RIFF", 4);
  GST_WRITE_UINT32_LE (header + 4, HEADER_SIZE - 8 + size);
  memcpy (header + 8, "WAVEfmt ", 8);
  GST_WRITE_UINT32_LE (header + 16, 16);
  GST_WRITE_UINT16_LE (header + 20, 1);
  GST_WRITE_UINT16_LE (header + 22, 1);
  GST_WRITE_UINT32_LE (header + 24, rate);
  GST_WRITE_UINT32_LE (header + 28, rate * GST_KLING_SAMPLE_SIZE);
  GST_WRITE_UINT16_LE (header + 32, GST_KLING_SAMPLE_SIZE);
  GST_WRITE_UINT16_LE (header + 34, 8 * GST_KLING_SAMPLE_SIZE);
  memcpy (header + 36, "data", 4);
  GST_WRITE_UINT32_LE (header + 40, size);
}

/* What the samples are known by, wherever they are sent and at whatever rate:
 * SHA-256 of a line of text that says how they are written, and of them. */
static GChecksum *
begin_digest (gint rate)
{
  g_autofree gchar *line = g_strdup_printf ("S16LE mono %d\n", rate);
  GChecksum *checksum = g_checksum_new (G_CHECKSUM_SHA256);

  g_checksum_update (checksum, (const guchar *) line, -1);
  return checksum;
}

/* Reads @frames of @samples into @checksum, and through @converter to the end of
 * @wav; one pass for both. */
static gboolean
copy_samples (const KlingSpool * samples, guint64 frames,
    GChecksum * checksum, GstAudioConverter * converter, KlingSpool * wav,
    GError ** error)
{
  g_autofree guint8 *block = g_malloc (BLOCK_FRAMES * GST_KLING_SAMPLE_SIZE);
  guint64 done = 0;

  while (done < frames) {
    gsize n = (gsize) MIN (frames - done, BLOCK_FRAMES);
    gsize size = n * GST_KLING_SAMPLE_SIZE;

    if (kling_spool_read (samples, (goffset) done * GST_KLING_SAMPLE_SIZE,
            block, size, error) != (gssize) size)
      return FALSE;
    g_checksum_update (checksum, block, (gssize) size);
    if (!gst_kling_samples_append (wav, converter, block, n, G_MAXUINT64,
            error))
      return FALSE;
    done += n;
  }
  return TRUE;
}

/* A header for @frames at @rate, and room for nothing yet */
static KlingSpool *
begin_file (gint rate, guint64 frames, GError ** error)
{
  g_autoptr (KlingSpool) wav = kling_spool_new ("audio");
  guint8 header[HEADER_SIZE];

  write_header (header, rate, (guint32) (frames * GST_KLING_SAMPLE_SIZE));
  if (!kling_spool_write (wav, header, sizeof header, error))
    return NULL;
  return g_steal_pointer (&wav);
}

static guint64
get_missing (const KlingSpool * wav, guint64 frames)
{
  return frames - (guint64) (kling_spool_get_size (wav) - HEADER_SIZE)
      / GST_KLING_SAMPLE_SIZE;
}

/**
 * gst_kling_wav_new:
 * @samples: S16LE mono
 * @frames: how many of them, at most gst_kling_wav_get_most_frames()
 * @rate: theirs, in Hz
 * @digest: (out) (transfer full): SHA-256 of them and of their rate, before they
 *   are resampled, as 64 lower-case hex digits
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Returns: (transfer full) (nullable): a finished spool with the WAV file
 */
KlingSpool *
gst_kling_wav_new (const KlingSpool * samples, guint64 frames, gint rate,
    gchar ** digest, GError ** error)
{
  gint out_rate = gst_kling_wav_choose_rate (rate, frames);
  guint64 out_frames = scale_frames (frames, rate, out_rate);
  g_autoptr (KlingSpool) wav = begin_file (out_rate, out_frames, error);
  g_autoptr (GChecksum) checksum = begin_digest (rate);
  GstAudioConverter *converter;
  GstAudioInfo info;
  gboolean done;

  if (wav == NULL)
    return NULL;
  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_S16LE, rate, 1, NULL);
  converter = gst_kling_samples_new_converter (&info, out_rate);
  done = copy_samples (samples, frames, checksum, converter, wav, error)
      && gst_kling_samples_append_tail (wav, converter, &info,
      get_missing (wav, out_frames), error)
      && kling_spool_finish (wav, error);
  gst_audio_converter_free (converter);
  if (!done)
    return NULL;
  *digest = g_strdup (g_checksum_get_string (checksum));
  return g_steal_pointer (&wav);
}
