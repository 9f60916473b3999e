/* klinglipsync: is it WAV, MP3, AAC or M4A, how long, how loud
 *
 * A pure function over a read callback: no lock, no state, any thread. Nothing
 * in a file is trusted: sizes are compared before they are added, every loop
 * ends with the file, and what is too large to be sent is not walked through.
 *
 * The length of MP3 and AAC is counted frame by frame, because what their tags
 * say of it is often wrong. That of M4A is read from its header. The length that
 * a WAV says is believed, unless it is one that a program writes when it cannot
 * know it yet and could not go back: then the sound reaches to the end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-audiofile.h"

#include <string.h>

#include "kling-error.h"
#include "kling-filetype.h"
#include "kling-limits.h"

#define BLOCK (16 * 1024)

#define MAX_CHUNKS 1000
/* Programs that write to a pipe put this or more, or 0, where the length of the
 * sound belongs: wavenc 0x7fff0000, sox 0x7ffff000, ffmpeg 0xffffffff. */
#define UNKNOWN_LENGTH 0x7fff0000
#define FORMAT_PCM 1
#define FORMAT_FLOAT 3
#define FORMAT_EXTENSIBLE 0xfffe

/* Both MP3 and ADTS say all that we want to know in so many bytes, which no
 * whole frame of either is smaller than. */
#define FRAME_HEADER 7
#define MAX_TAGS 16
#define ID3_HEADER 10
#define MAX_ZEROS 65536
#define ID3V1_SIZE 128
#define APE_FOOTER 32

typedef struct
{
  KlingAudiofile *info;
  goffset file_size;
  KlingIsobmffRead read;
  gpointer user_data;

  goffset block_start;
  gsize block_size;
  guint8 block[BLOCK];
} Reader;

/* What the header of a frame says. @fixed is that part of the header which is
 * the same in all frames of a file. */
typedef struct
{
  guint size;
  guint samples;
  guint rate;
  guint channels;
  guint32 fixed;
} Frame;

typedef gboolean (*FrameFunc) (const guint8 * header, Frame * frame);

typedef struct
{
  guint tag;
  guint channels;
  guint rate;
  guint align;
  guint bits;
} Format;

static gboolean
G_GNUC_PRINTF (2, 3)
refuse (GError ** error, const gchar * format, ...)
{
  g_autofree gchar *sentence = NULL;
  va_list args;

  va_start (args, format);
  sentence = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_INPUT, sentence);
  return FALSE;
}

static guint32
get_uint16_le (const guint8 * data)
{
  return data[0] | (guint32) data[1] << 8;
}

static guint32
get_uint32_le (const guint8 * data)
{
  return get_uint16_le (data) | get_uint16_le (data + 2) << 16;
}

static guint32
get_uint32_be (const guint8 * data)
{
  return (guint32) data[0] << 24 | data[1] << 16 | data[2] << 8 | data[3];
}

/* The @size bytes at @offset, which the file must have, and no more than a
 * block; good until the next call. %NULL when they cannot be read; that is the end. */
static const guint8 *
peek (Reader * reader, goffset offset, gsize size, GError ** error)
{
  goffset skip = offset - reader->block_start;

  if (skip >= 0 && skip <= (goffset) reader->block_size
      && size <= reader->block_size - (gsize) skip)
    return reader->block + skip;
  reader->block_start = offset;
  reader->block_size = (gsize) MIN (reader->file_size - offset, BLOCK);
  if (reader->read (offset, reader->block, reader->block_size,
          reader->user_data))
    return reader->block;
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "The file cannot be read at byte %" G_GOFFSET_FORMAT ".", offset);
  return NULL;
}

/* Neither factor is larger than a file that is sent, or 32 bits, allow. */
static void
set_duration (KlingAudiofile * info)
{
  info->duration = (gint64) (info->n_samples * G_USEC_PER_SEC / info->rate);
}

static gboolean
set_foreign (Reader * reader, goffset at, GError ** error)
{
  gsize size = (gsize) MIN (reader->file_size - at, KLING_FILETYPE_HEAD);
  const guint8 *data = peek (reader, at, size, error);
  g_autofree gchar *seen = NULL;

  if (data == NULL)
    return FALSE;
  seen = kling_filetype_describe (data, size);
  return refuse (error, "The file is none of WAV, MP3, AAC and M4A: %s.", seen);
}

/* ---- WAV ---- */

static gboolean
read_fmt (Reader * reader, goffset at, guint32 size, Format * format,
    GError ** error)
{
  const guint8 *data;

  if (size < 16)
    return refuse (error, "The file is a damaged WAV: its chunk \"fmt \" has %u"
        " bytes.", size);
  data = peek (reader, at, MIN (size, 26), error);
  if (data == NULL)
    return FALSE;
  format->tag = get_uint16_le (data);
  format->channels = get_uint16_le (data + 2);
  format->rate = get_uint32_le (data + 4);
  format->align = get_uint16_le (data + 12);
  format->bits = get_uint16_le (data + 14);
  if (format->tag == FORMAT_EXTENSIBLE && size >= 26)
    format->tag = get_uint16_le (data + 24);
  return TRUE;
}

static gboolean
check_format (const Format * format, GError ** error)
{
  if (format->rate == 0)
    return refuse (error, "The file is a damaged WAV: it has no chunk \"fmt \""
        " before its sound, or one without a sample rate.");
  if (format->tag != FORMAT_PCM && format->tag != FORMAT_FLOAT)
    return refuse (error, "The file is a WAV whose sound is compressed (format"
        " 0x%04x).", format->tag);
  if (format->channels == 0 || format->bits == 0 || format->bits % 8 != 0
      || format->bits > 64 || format->align != format->channels *
      format->bits / 8)
    return refuse (error, "The file is a damaged WAV: it says %u channels of %u"
        " bits in %u bytes.", format->channels, format->bits, format->align);
  return TRUE;
}

static gboolean
read_peak (Reader * reader, goffset at, guint32 size, GError ** error)
{
  gint peak_seen = 0;

  while (size > 1) {
    guint n = MIN (size, BLOCK) & ~1u;
    const guint8 *data = peek (reader, at, n, error);

    if (data == NULL)
      return FALSE;
    for (guint i = 0; i < n; i += 2) {
      gint sample = (gint16) get_uint16_le (data + i);

      peak_seen = MAX (peak_seen, ABS (sample));
    }
    at += n;
    size -= n;
  }
  reader->info->peak = peak_seen;
  return TRUE;
}

static gboolean
read_data (Reader * reader, goffset at, guint32 size, const Format * format,
    GError ** error)
{
  KlingAudiofile *info = reader->info;
  goffset rest = reader->file_size - at;

  if (!check_format (format, error))
    return FALSE;
  if (size == 0 || (size > rest && size >= UNKNOWN_LENGTH))
    size = (guint32) MIN (rest, G_MAXUINT32);
  if (size > rest)
    return refuse (error, "The file is a WAV that is cut off: it says %u bytes"
        " of sound, %" G_GOFFSET_FORMAT " are there.", size, rest);
  info->rate = format->rate;
  info->channels = format->channels;
  info->n_samples = size / format->align;
  if (info->n_samples == 0)
    return refuse (error, "The file is a WAV without sound.");
  set_duration (info);
  if (format->tag != FORMAT_PCM || format->bits != 16
      || reader->file_size > KLING_AUDIO_BYTES_MAX)
    return TRUE;
  return read_peak (reader, at, size, error);
}

static gboolean
read_wav (Reader * reader, GError ** error)
{
  Format format = { 0, };
  goffset at = 12;

  for (guint n = 0; n < MAX_CHUNKS && reader->file_size - at >= 8; n++) {
    const guint8 *chunk = peek (reader, at, 8, error);
    gboolean is_fmt, is_data;
    guint32 size;

    if (chunk == NULL)
      return FALSE;
    is_fmt = memcmp (chunk, "fmt ", 4) == 0;
    is_data = memcmp (chunk, "data", 4) == 0;
    size = get_uint32_le (chunk + 4);
    at += 8;
    if (is_data)
      return read_data (reader, at, size, &format, error);
    if (size > reader->file_size - at)
      break;
    if (is_fmt && !read_fmt (reader, at, size, &format, error))
      return FALSE;
    /* a chunk of odd size has a byte more */
    at += (goffset) size + (size & 1);
  }
  return refuse (error, "The file is a WAV that is cut off or damaged: it has"
      " no chunk \"data\".");
}

/* ---- MP3 and ADTS ---- */

/* The fields of an MPEG audio header, as numbers of their bits */
static guint
get_version (const guint8 * header)
{
  return header[1] >> 3 & 3;    /* 0: 2.5, 1: none, 2: 2, 3: 1 */
}

static guint
get_layer (const guint8 * header)
{
  return header[1] >> 1 & 3;    /* 0: none, 1: III, 2: II, 3: I */
}

static guint
get_rate_index (const guint8 * header)
{
  return header[2] >> 2 & 3;    /* 3: none */
}

static gboolean
is_mpeg_audio (const guint8 * header)
{
  return header[0] == 0xff && (header[1] & 0xe0) == 0xe0
      && get_version (header) != 1 && get_layer (header) != 0
      && get_rate_index (header) != 3 && header[2] >> 4 != 15;
}

static gboolean
parse_mp3 (const guint8 * header, Frame * frame)
{
  static const guint rates[] = { 44100, 48000, 32000 };
  /* kbit/s, of MPEG 1 and of the others */
  static const guint16 bit_rates[2][15] = {
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
  };
  guint version = get_version (header), bit_rate;

  if (!is_mpeg_audio (header) || get_layer (header) != 1 || header[2] >> 4 == 0)
    return FALSE;
  bit_rate = bit_rates[version == 3 ? 0 : 1][header[2] >> 4] * 1000;
  frame->samples = version == 3 ? 1152 : 576;
  frame->rate = rates[get_rate_index (header)] >> (version == 3 ? 0 :
      version == 2 ? 1 : 2);
  frame->size = frame->samples / 8 * bit_rate / frame->rate +
      (header[2] >> 1 & 1);
  frame->channels = header[3] >> 6 == 3 ? 1 : 2;
  frame->fixed = get_uint32_be (header) & 0xfffe0c00;
  return TRUE;
}

static gboolean
parse_adts (const guint8 * header, Frame * frame)
{
  static const guint rates[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000,
    11025, 8000, 7350,
  };
  guint rate_index = header[2] >> 2 & 15;
  guint channels = (header[2] & 1) << 2 | header[3] >> 6;
  gboolean has_crc = !(header[1] & 1);

  if (header[0] != 0xff || (header[1] & 0xf6) != 0xf0
      || rate_index >= G_N_ELEMENTS (rates))
    return FALSE;
  frame->size = (header[3] & 3u) << 11 | header[4] << 3 | header[5] >> 5;
  if (frame->size < (has_crc ? FRAME_HEADER + 2 : FRAME_HEADER))
    return FALSE;
  frame->samples = 1024 * ((header[6] & 3u) + 1);
  frame->rate = rates[rate_index];
  frame->channels = channels == 7 ? 8 : channels;
  frame->fixed = get_uint32_be (header) & 0xfffefdc0;
  return TRUE;
}

/* How many bytes the ID3v2 tag at @at takes, of those before @end; 0 when there
 * is none, -1 with an error. */
static goffset
read_id3 (Reader * reader, goffset at, goffset end, GError ** error)
{
  const guint8 *tag;
  goffset size;

  if (end - at < ID3_HEADER)
    return 0;
  tag = peek (reader, at, ID3_HEADER, error);
  if (tag == NULL)
    return -1;
  if (memcmp (tag, "ID3", 3) != 0)
    return 0;
  size = (tag[6] & 0x7f) << 21 | (tag[7] & 0x7f) << 14 | (tag[8] & 0x7f) << 7
      | (tag[9] & 0x7f);
  size += tag[5] & 0x10 ? 2 * ID3_HEADER : ID3_HEADER;
  if (size <= end - at)
    return size;
  refuse (error, "The file is cut off: its ID3 tag says %" G_GOFFSET_FORMAT
      " bytes, %" G_GOFFSET_FORMAT " are there.", size, end - at);
  return -1;
}

/* Goes over the tags at the start, and the zeros that some programs put behind
 * them; -1 with an error. */
static goffset
skip_tags (Reader * reader, GError ** error)
{
  goffset at = 0, limit;

  for (guint i = 0; i < MAX_TAGS; i++) {
    goffset size = read_id3 (reader, at, reader->file_size, error);

    if (size < 0)
      return -1;
    if (size == 0)
      break;
    at += size;
  }
  limit = at > 0 ? MIN (reader->file_size, at + MAX_ZEROS) : 0;
  while (at < limit) {
    const guint8 *byte = peek (reader, at, 1, error);

    if (byte == NULL)
      return -1;
    if (*byte != 0)
      break;
    at++;
  }
  return at;
}

/* How many bytes the tag that ends at @end takes: ID3v1 or APE; 0 when there is
 * none, -1 with an error. */
static goffset
read_last_tag (Reader * reader, goffset start, goffset end, GError ** error)
{
  const guint8 *tag;
  goffset size;

  if (end - start >= ID3V1_SIZE) {
    tag = peek (reader, end - ID3V1_SIZE, 3, error);
    if (tag == NULL)
      return -1;
    if (memcmp (tag, "TAG", 3) == 0)
      return ID3V1_SIZE;
  }
  if (end - start < APE_FOOTER)
    return 0;
  tag = peek (reader, end - APE_FOOTER, APE_FOOTER, error);
  if (tag == NULL)
    return -1;
  if (memcmp (tag, "APETAGEX", 8) != 0)
    return 0;
  /* without the header that it may have too */
  size = (goffset) get_uint32_le (tag + 12) + (tag[23] & 0x80 ? APE_FOOTER : 0);
  return size >= APE_FOOTER && size <= end - start ? size : APE_FOOTER;
}

/* Where the frames end, before the tags at the end; -1 with an error. */
static goffset
find_end (Reader * reader, goffset start, GError ** error)
{
  goffset end = reader->file_size;

  for (guint i = 0; i < MAX_TAGS; i++) {
    goffset size = read_last_tag (reader, start, end, error);

    if (size < 0)
      return -1;
    if (size == 0)
      break;
    end -= size;
  }
  return end;
}

/* The first frame of an MP3 may hold a table for seeking instead of sound. */
static gboolean
is_table (const guint8 * data, const Frame * frame)
{
  guint side_info = frame->samples == 1152 ? 32 : 17;

  if (frame->channels == 1)
    side_info = frame->samples == 1152 ? 17 : 9;
  return memcmp (data + 4 + side_info, "Xing", 4) == 0
      || memcmp (data + 4 + side_info, "Info", 4) == 0
      || memcmp (data + 4 + 32, "VBRI", 4) == 0;
}

/* Whether a frame of its kind is at @at, alone or with another one behind it,
 * because two bytes of a header are found in many files. */
static gboolean
is_start (Reader * reader, FrameFunc parse, goffset at, goffset end,
    Frame * frame, GError ** error)
{
  const guint8 *data = peek (reader, at, FRAME_HEADER, error);
  Frame next;

  if (data == NULL || !parse (data, frame))
    return FALSE;
  if (frame->size > end - at - FRAME_HEADER)
    return TRUE;
  data = peek (reader, at + frame->size, FRAME_HEADER, error);
  if (data == NULL)
    return FALSE;
  return (parse (data, &next) && next.fixed == frame->fixed)
      || memcmp (data, "ID3", 3) == 0;
}

static void
count_frame (KlingAudiofile * info, const Frame * frame)
{
  info->n_frames++;
  info->n_samples += frame->samples;
}

/* How many bytes the frame or tag at @at takes, 0 when there is neither, -1 with
 * an error. A frame that is cut off takes what is left and does not count. */
static goffset
read_frame (Reader * reader, FrameFunc parse, const Frame * first, goffset at,
    goffset end, GError ** error)
{
  const guint8 *data = peek (reader, at, FRAME_HEADER, error);
  Frame frame;

  if (data == NULL)
    return -1;
  if (!parse (data, &frame) || frame.fixed != first->fixed)
    return read_id3 (reader, at, end, error);
  if (frame.size > end - at)
    return end - at;
  count_frame (reader->info, &frame);
  return frame.size;
}

/* Counts the frames; what is between them is gone over, as decoders do. */
static gboolean
walk_frames (Reader * reader, FrameFunc parse, const Frame * first, goffset at,
    goffset end, GError ** error)
{
  KlingAudiofile *info = reader->info;
  goffset between = 0, start = at;

  while (end - at >= FRAME_HEADER) {
    goffset size = read_frame (reader, parse, first, at, end, error);

    if (size < 0)
      return FALSE;
    between += size == 0;
    at += MAX (size, 1);
  }
  between += end - at;
  if (info->n_frames == 0)
    return refuse (error, "The file is cut off: there is no whole frame of"
        " sound in it.");
  if (between > (end - start) / 2)
    return refuse (error, "The file is damaged: %" G_GOFFSET_FORMAT " of its %"
        G_GOFFSET_FORMAT " bytes belong to no frame of sound.", between,
        reader->file_size);
  set_duration (info);
  return TRUE;
}

static gboolean
read_frames (Reader * reader, KlingAudiofileKind kind, FrameFunc parse,
    const Frame * first, goffset at, goffset end, GError ** error)
{
  KlingAudiofile *info = reader->info;

  info->kind = kind;
  info->rate = first->rate;
  info->channels = first->channels;
  if (reader->file_size > KLING_AUDIO_BYTES_MAX)
    return TRUE;
  if (kind == KLING_AUDIOFILE_MP3 && first->size >= 40
      && first->size <= end - at) {
    const guint8 *data = peek (reader, at, 40, error);

    if (data == NULL)
      return FALSE;
    if (is_table (data, first))
      at += first->size;
  }
  return walk_frames (reader, parse, first, at, end, error);
}

/* Names what is like MP3, but not quite. */
static gboolean
refuse_stream (Reader * reader, goffset at, GError ** error)
{
  const guint8 *data = peek (reader, at, FRAME_HEADER, error);

  if (data == NULL)
    return FALSE;
  if (!is_mpeg_audio (data) || data[1] == 0xfe)
    return set_foreign (reader, at, error);
  if (get_layer (data) != 1)
    return refuse (error,
        "The file is MPEG audio of layer %s, not MP3, which is" " layer III.",
        get_layer (data) == 2 ? "II (MP2)" : "I");
  if (data[2] >> 4 == 0)
    return refuse (error,
        "The file is an MP3 of free format, which does not say"
        " how large its frames are.");
  return set_foreign (reader, at, error);
}

/* Frames, with tags before and behind */
static gboolean
read_stream (Reader * reader, GError ** error)
{
  goffset at = skip_tags (reader, error), end;
  g_autoptr (GError) failure = NULL;
  Frame first;

  if (at < 0)
    return FALSE;
  if (at > 0 && reader->file_size - at < FRAME_HEADER)
    return refuse (error, "The file has an ID3 tag and no sound.");
  end = find_end (reader, at, error);
  if (end < 0)
    return FALSE;
  if (end - at < FRAME_HEADER)
    return set_foreign (reader, at, error);
  if (is_start (reader, parse_adts, at, end, &first, &failure))
    return read_frames (reader, KLING_AUDIOFILE_AAC, parse_adts, &first, at,
        end, error);
  if (failure == NULL
      && is_start (reader, parse_mp3, at, end, &first, &failure))
    return read_frames (reader, KLING_AUDIOFILE_MP3, parse_mp3, &first, at,
        end, error);
  if (failure) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  return refuse_stream (reader, at, error);
}

/* ---- M4A ---- */

static gboolean
read_m4a (Reader * reader, GError ** error)
{
  KlingAudiofile *info = reader->info;
  KlingIsobmff movie;
  g_autoptr (GError) reason = NULL;

  info->kind = KLING_AUDIOFILE_M4A;
  if (!kling_isobmff_read (&movie, reader->file_size, reader->read,
          reader->user_data, &reason)) {
    if (g_error_matches (reason, KLING_ERROR, KLING_ERROR_RESULT))
      reason->code = KLING_ERROR_INPUT;
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  info->duration = movie.duration;
  info->has_video = movie.n_video > 0;
  if (movie.n_audio == 0 && movie.n_video == 0)
    return refuse (error, "The file is an MP4 or MOV without sound.");
  return TRUE;
}

/**
 * kling_audiofile_read:
 * @info: (out): what the file is; meaningless after an error
 * @file_size: its size in bytes
 * @read: gives its bytes
 * @user_data: for @read
 * @error: return location for a #KlingError
 *
 * Finds out whether a file is WAV, MP3, AAC in ADTS or M4A, and how long it is.
 * An MP4 or MOV with a picture is found to be one, with sound or without;
 * whether that is what was asked for is the caller's judgement.
 *
 * Returns: %FALSE with %KLING_ERROR_INPUT when it is none of them or damaged,
 *   in a sentence that names what was seen, %KLING_ERROR_LOCAL when @read failed
 */
gboolean
kling_audiofile_read (KlingAudiofile * info, goffset file_size,
    KlingIsobmffRead read, gpointer user_data, GError ** error)
{
  Reader reader = { info, file_size, read, user_data, };
  const guint8 *data;

  memset (info, 0, sizeof *info);
  info->duration = -1;
  info->peak = -1;
  if (file_size <= 0)
    return refuse (error, "The file is empty.");
  if (file_size >= 12) {
    data = peek (&reader, 0, 12, error);
    if (data == NULL)
      return FALSE;
    if (memcmp (data, "RIFF", 4) == 0 && memcmp (data + 8, "WAVE", 4) == 0)
      return read_wav (&reader, error);
    if (memcmp (data + 4, "ftyp", 4) == 0)
      return read_m4a (&reader, error);
  }
  return read_stream (&reader, error);
}
