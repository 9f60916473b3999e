/* klinglipsync tests: the reader of audio files
 *
 * Some files were made by encoders and stand in tests/fuzz/audiofile; how many
 * frames they have was counted by GStreamer's parsers. The others are put
 * together here.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-audiofile.h"
#include "kling-error.h"
#include "kling-filetype.h"
#include "kling-limits.h"

#define ID3_SIZE 510

typedef struct
{
  const GByteArray *file;
  guint reads;
  guint64 bytes;
  guint fail_at;
} Source;

/* Fails the test when it is asked for what is not there. */
static gboolean
read_source (goffset offset, guint8 * data, gsize size, gpointer user_data)
{
  Source *source = user_data;

  fail_unless (offset >= 0 && size <= source->file->len
      && offset <= (goffset) (source->file->len - size),
      "read of %" G_GSIZE_FORMAT " bytes at %" G_GOFFSET_FORMAT, size, offset);
  source->reads++;
  source->bytes += size;
  if (source->reads == source->fail_at)
    return FALSE;
  memcpy (data, source->file->data + offset, size);
  return TRUE;
}

static gboolean
read_file (KlingAudiofile * info, const GByteArray * file, GError ** error)
{
  Source source = { file, };

  return kling_audiofile_read (info, file->len, read_source, &source, error);
}

static KlingAudiofile
read_good (const GByteArray * file)
{
  g_autoptr (GError) error = NULL;
  KlingAudiofile info;

  fail_unless (read_file (&info, file, &error), "%s",
      error ? error->message : "");
  return info;
}

static void
check_refused (const GByteArray * file, const gchar * sentence)
{
  g_autoptr (GError) error = NULL;
  KlingAudiofile info;

  fail_if (read_file (&info, file, &error), "%s", sentence);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_INPUT));
  fail_unless_equals_string (error->message, sentence);
}

static void
put (GByteArray * file, const void *data, guint size)
{
  g_byte_array_append (file, data, size);
}

static void
put_zeros (GByteArray * file, guint size)
{
  guint old = file->len;

  g_byte_array_set_size (file, old + size);
  memset (file->data + old, 0, size);
}

static void
put_le (GByteArray * file, guint32 value, guint size)
{
  guint32 word = GUINT32_TO_LE (value);

  put (file, &word, size);
}

static GByteArray *
load (const gchar * name)
{
  g_autofree gchar *path =
      g_build_filename (g_getenv ("KLING_TEST_CORPUS"), name, NULL);
  gchar *data;
  gsize size;

  fail_unless (g_file_get_contents (path, &data, &size, NULL), "%s", path);
  return g_byte_array_new_take ((guint8 *) data, size);
}

/* ---- files that encoders made ---- */

static const struct
{
  const gchar *name;
  KlingAudiofile info;
} corpus[] = {
  /* *INDENT-OFF* */
  {"audiofile/pcm16.wav", {KLING_AUDIOFILE_WAV, 25000, 0, 200, 8000, 1, FALSE,
      26213}},
  /* wavenc could not go back: 12 bytes of a chunk behind the sound count too */
  {"audiofile/pipe.wav", {KLING_AUDIOFILE_WAV, 25750, 0, 206, 8000, 1, FALSE,
      26213}},
  {"audiofile/chunks.wav", {KLING_AUDIOFILE_WAV, 1000, 0, 8, 8000, 1, FALSE,
      4000}},
  {"audiofile/extensible.wav", {KLING_AUDIOFILE_WAV, 20000, 0, 160, 8000, 2,
      FALSE, -1}},
  {"audiofile/mpeg1.mp3", {KLING_AUDIOFILE_MP3, 156734, 6, 6912, 44100, 1,
      FALSE, -1}},
  {"audiofile/mpeg2.mp3", {KLING_AUDIOFILE_MP3, 432000, 12, 6912, 16000, 1,
      FALSE, -1}},
  {"audiofile/mpeg25.mp3", {KLING_AUDIOFILE_MP3, 864000, 12, 6912, 8000, 1,
      FALSE, -1}},
  /* a frame with a table and six with sound, between two tags */
  {"audiofile/tags.mp3", {KLING_AUDIOFILE_MP3, 216000, 6, 3456, 16000, 2,
      FALSE, -1}},
  {"audiofile/adts.aac", {KLING_AUDIOFILE_AAC, 162539, 7, 7168, 44100, 1,
      FALSE, -1}},
  {"audiofile/sound.m4a", {KLING_AUDIOFILE_M4A, 143333, 0, 0, 0, 0, FALSE,
      -1}},
  {"isobmff/fragments.mp4", {KLING_AUDIOFILE_M4A, -1, 0, 0, 0, 0, TRUE, -1}},
  /* *INDENT-ON* */
};

GST_START_TEST (test_corpus)
{
  g_autoptr (GByteArray) file = load (corpus[__i__].name);
  const KlingAudiofile *expected = &corpus[__i__].info;
  KlingAudiofile info = read_good (file);

  fail_unless_equals_int (info.kind, expected->kind);
  fail_unless_equals_int64 (info.duration, expected->duration);
  fail_unless_equals_int (info.n_frames, expected->n_frames);
  fail_unless_equals_uint64 (info.n_samples, expected->n_samples);
  fail_unless_equals_int (info.rate, expected->rate);
  fail_unless_equals_int (info.channels, expected->channels);
  fail_unless_equals_int (info.has_video, expected->has_video);
  fail_unless_equals_int (info.peak, expected->peak);
}

GST_END_TEST;

/* Wherever a file was cut off: it is refused or shorter, and no part of it is
 * read again and again. */
GST_START_TEST (test_every_cut)
{
  g_autoptr (GByteArray) file = load (corpus[__i__].name);
  const KlingAudiofile *whole = &corpus[__i__].info;

  while (file->len > 0) {
    g_autoptr (GError) error = NULL;
    Source source = { file, };
    KlingAudiofile info;

    g_byte_array_set_size (file, file->len - 1);
    if (kling_audiofile_read (&info, file->len, read_source, &source, &error))
      fail_unless (info.n_samples <= whole->n_samples
          && info.n_frames <= whole->n_frames, "%u bytes", file->len);
    else
      fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_INPUT));
    fail_unless (source.bytes <= 4 * file->len, "%u bytes", file->len);
  }
}

GST_END_TEST;

/* A disk that fails is the machine's fault, whichever read it is. */
GST_START_TEST (test_every_failing_read)
{
  g_autoptr (GByteArray) file = load (corpus[__i__].name);
  Source source = { file, };
  KlingAudiofile info;
  guint n;

  fail_unless (kling_audiofile_read (&info, file->len, read_source, &source,
          NULL));
  n = source.reads;
  for (guint i = 1; i <= n; i++) {
    g_autoptr (GError) error = NULL;

    source = (Source) {
    file,.fail_at = i,};
    fail_if (kling_audiofile_read (&info, file->len, read_source, &source,
            &error));
    fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_LOCAL));
    fail_unless_equals_int (source.reads, i);
  }
}

GST_END_TEST;

/* ---- WAV ---- */

typedef struct
{
  guint tag;
  guint channels;
  guint rate;
  guint bits;
  guint bytes;                  /* of sound that are there */
  guint32 said;                 /* bytes of sound that the chunk says */
} Wav;

static void
put_chunk (GByteArray * file, const gchar * id, guint32 size)
{
  put (file, id, 4);
  put_le (file, size, 4);
}

static void
put_fmt (GByteArray * file, const Wav * wav)
{
  guint align = wav->channels * wav->bits / 8;

  put_chunk (file, "fmt ", 16);
  put_le (file, wav->tag, 2);
  put_le (file, wav->channels, 2);
  put_le (file, wav->rate, 4);
  put_le (file, wav->rate * align, 4);
  put_le (file, align, 2);
  put_le (file, wav->bits, 2);
}

static GByteArray *
new_wav (void)
{
  GByteArray *file = g_byte_array_new ();

  put_chunk (file, "RIFF", 0xffffffff);
  put (file, "WAVE", 4);
  return file;
}

static GByteArray *
make_wav (const Wav * wav)
{
  GByteArray *file = new_wav ();

  put_fmt (file, wav);
  put_chunk (file, "data", wav->said);
  put_zeros (file, wav->bytes);
  return file;
}

static const struct
{
  Wav wav;
  guint64 n_samples;
  gint64 duration;
  gint peak;
} good_wavs[] = {
  /* *INDENT-OFF* */
  {{1, 1, 16000, 16, 32000, 32000}, 16000, 1000000, 0},
  {{1, 1, 8000, 8, 800, 800}, 800, 100000, -1},
  {{1, 2, 44100, 24, 600, 600}, 100, 2267, -1},
  {{1, 6, 48000, 32, 2400, 2400}, 100, 2083, -1},
  {{3, 1, 48000, 32, 400, 400}, 100, 2083, -1},
  {{3, 1, 48000, 64, 800, 800}, 100, 2083, -1},
  {{1, 1, 1, 16, 4, 4}, 2, 2000000, 0},
  {{1, 1, 0xffffffff, 16, 4, 4}, 2, 0, 0},
  /* more behind it */
  {{1, 1, 16000, 16, 33000, 32000}, 16000, 1000000, 0},
  /* half a sample at the end */
  {{1, 2, 16000, 16, 403, 403}, 100, 6250, 0},
  /* lengths that say nothing */
  {{1, 1, 16000, 16, 32000, 0}, 16000, 1000000, 0},
  {{1, 1, 16000, 16, 32000, 0x7fff0000}, 16000, 1000000, 0},
  {{1, 1, 16000, 16, 32000, 0x7ffff000}, 16000, 1000000, 0},
  {{1, 1, 16000, 16, 32000, 0x80000000}, 16000, 1000000, 0},
  {{1, 1, 16000, 16, 32000, 0xffffffff}, 16000, 1000000, 0},
  /* *INDENT-ON* */
};

GST_START_TEST (test_good_wav)
{
  const Wav *wav = &good_wavs[__i__].wav;
  g_autoptr (GByteArray) file = make_wav (wav);
  KlingAudiofile info = read_good (file);

  fail_unless_equals_int (info.kind, KLING_AUDIOFILE_WAV);
  fail_unless_equals_uint64 (info.n_samples, good_wavs[__i__].n_samples);
  fail_unless_equals_int64 (info.duration, good_wavs[__i__].duration);
  fail_unless_equals_int (info.rate, wav->rate);
  fail_unless_equals_int (info.channels, wav->channels);
  fail_unless_equals_int (info.peak, good_wavs[__i__].peak);
}

GST_END_TEST;

static const struct
{
  Wav wav;
  const gchar *sentence;
} bad_wavs[] = {
  /* *INDENT-OFF* */
  {{1, 1, 16000, 16, 31999, 32000}, "The file is a WAV that is cut off: it says"
      " 32000 bytes of sound, 31999 are there."},
  {{1, 1, 16000, 16, 100, 0x7ffeffff}, "The file is a WAV that is cut off: it"
      " says 2147418111 bytes of sound, 100 are there."},
  {{1, 1, 16000, 16, 0, 0}, "The file is a WAV without sound."},
  {{1, 1, 16000, 16, 0, 0xffffffff}, "The file is a WAV without sound."},
  {{1, 1, 16000, 16, 1, 1}, "The file is a WAV without sound."},
  {{0x11, 1, 16000, 16, 100, 100},
      "The file is a WAV whose sound is compressed (format 0x0011)."},
  {{0x55, 1, 16000, 0, 100, 100},
      "The file is a WAV whose sound is compressed (format 0x0055)."},
  {{1, 1, 0, 16, 100, 100}, "The file is a damaged WAV: it has no chunk"
      " \"fmt \" before its sound, or one without a sample rate."},
  {{1, 0, 16000, 16, 100, 100},
      "The file is a damaged WAV: it says 0 channels of 16 bits in 0 bytes."},
  {{1, 1, 16000, 0, 100, 100},
      "The file is a damaged WAV: it says 1 channels of 0 bits in 0 bytes."},
  {{1, 2, 16000, 12, 100, 100},
      "The file is a damaged WAV: it says 2 channels of 12 bits in 3 bytes."},
  {{1, 65535, 16000, 16, 100, 100}, "The file is a damaged WAV: it says 65535"
      " channels of 16 bits in 65534 bytes."},
  {{1, 1, 16000, 72, 100, 100},
      "The file is a damaged WAV: it says 1 channels of 72 bits in 9 bytes."},
  /* *INDENT-ON* */
};

GST_START_TEST (test_bad_wav)
{
  g_autoptr (GByteArray) file = make_wav (&bad_wavs[__i__].wav);

  check_refused (file, bad_wavs[__i__].sentence);
}

GST_END_TEST;

static const Wav plain = { 1, 1, 8000, 16, 16, 16 };

/* Chunks of odd size have a byte more, wherever they stand. */
GST_START_TEST (test_wav_chunks)
{
  g_autoptr (GByteArray) file = new_wav ();
  KlingAudiofile info;

  put_chunk (file, "junk", 3);
  put (file, "abcd", 4);
  put_fmt (file, &plain);
  put_chunk (file, "fact", 1);
  put (file, "fm", 2);
  put_chunk (file, "none", 0);
  put_chunk (file, "data", 16);
  put_zeros (file, 16);
  put_chunk (file, "LIST", 0xffffffff);
  info = read_good (file);
  fail_unless_equals_uint64 (info.n_samples, 8);
}

GST_END_TEST;

GST_START_TEST (test_wav_without_chunks)
{
  g_autoptr (GByteArray) file = new_wav ();

  check_refused (file, "The file is a WAV that is cut off or damaged: it has no"
      " chunk \"data\".");
  put_fmt (file, &plain);
  check_refused (file, "The file is a WAV that is cut off or damaged: it has no"
      " chunk \"data\".");
  put_chunk (file, "junk", 0xfffffff0);
  put_chunk (file, "data", 0);
  check_refused (file, "The file is a WAV that is cut off or damaged: it has no"
      " chunk \"data\".");
}

GST_END_TEST;

GST_START_TEST (test_wav_without_format)
{
  g_autoptr (GByteArray) file = new_wav (), small = new_wav ();

  put_chunk (file, "data", 16);
  put_zeros (file, 16);
  put_fmt (file, &plain);
  check_refused (file, "The file is a damaged WAV: it has no chunk \"fmt \""
      " before its sound, or one without a sample rate.");
  put_chunk (small, "fmt ", 14);
  put_zeros (small, 14);
  check_refused (small,
      "The file is a damaged WAV: its chunk \"fmt \" has 14 bytes.");
}

GST_END_TEST;

/* A hostile file of nothing but headers costs a bounded number of reads. */
GST_START_TEST (test_wav_many_chunks)
{
  g_autoptr (GByteArray) file = new_wav ();
  Source source = { file, };
  KlingAudiofile info;

  for (guint i = 0; i < 200000; i++)
    put_chunk (file, "junk", 0);
  put_fmt (file, &plain);
  put_chunk (file, "data", 16);
  put_zeros (file, 16);
  fail_if (kling_audiofile_read (&info, file->len, read_source, &source, NULL));
  fail_unless (source.bytes < 50000, "%" G_GUINT64_FORMAT, source.bytes);
}

GST_END_TEST;

/* Where the compressed kinds of an extensible WAV say what they are */
GST_START_TEST (test_wav_extensible)
{
  for (guint tag = 0; tag < 8; tag++) {
    g_autoptr (GByteArray) file = new_wav ();
    KlingAudiofile info;

    put_fmt (file, &(Wav) {
        0xfffe, 2, 8000, 16, 0, 0}
    );
    file->data[16] = 40;
    put_zeros (file, 8);
    put_le (file, tag, 4);
    put_zeros (file, 12);
    put_chunk (file, "data", 8);
    put_zeros (file, 8);
    fail_unless_equals_int (read_file (&info, file, NULL), tag == 1
        || tag == 3);
  }
}

GST_END_TEST;

static const struct
{
  guint at;
  gint16 sample;
  gint peak;
} peaks[] = {
  {0, 0, 0}, {0, 1, 1}, {0, -1, 1}, {19999, 5, 5}, {19999, -32768, 32768},
  {8191, 32767, 32767}, {8170, 77, 77}, {8169, -77, 77}, {8192, -78, 78},
};

/* Every sample is looked at, those where blocks meet too. */
GST_START_TEST (test_peak)
{
  g_autoptr (GByteArray) file = make_wav (&(Wav) {
      1, 1, 48000, 16, 40000, 40000});
  guint at = 44 + 2 * peaks[__i__].at;

  file->data[at] = (guint8) peaks[__i__].sample;
  file->data[at + 1] = (guint8) ((guint16) peaks[__i__].sample >> 8);
  fail_unless_equals_int (read_good (file).peak, peaks[__i__].peak);
}

GST_END_TEST;

/* ---- MP3 ---- */

/* 44.1 kHz, stereo, 128 kbit/s: 417 bytes and 1152 samples */
static const guint8 mp3[] = { 0xff, 0xfb, 0x90, 0x00 };
static const guint8 mp3_48_khz[] = { 0xff, 0xfb, 0x94, 0x00 };

#define MP3_SIZE 417

static void
put_frames (GByteArray * file, const guint8 * header, guint header_size,
    guint size, guint n)
{
  while (n-- > 0) {
    put (file, header, header_size);
    put_zeros (file, size - header_size);
  }
}

static void
put_mp3 (GByteArray * file, guint n)
{
  put_frames (file, mp3, sizeof mp3, MP3_SIZE, n);
}

/* An ID3v2 tag of ID3_SIZE bytes, with what looks like a frame in it */
static void
put_id3 (GByteArray * file)
{
  put (file, "ID3\4\0\0\0\0\3\x74", 10);
  put (file, mp3, sizeof mp3);
  put_zeros (file, ID3_SIZE - 10 - sizeof mp3);
}

static void
put_id3v1 (GByteArray * file)
{
  put (file, "TAG", 3);
  put (file, mp3, sizeof mp3);
  put_zeros (file, 121);
}

/* With its header, and 20 bytes between it and the footer */
static void
put_ape (GByteArray * file)
{
  put (file, "APETAGEX\xd0\7\0\0\x34\0\0\0\1\0\0\0\0\0\0\xa0", 24);
  put_zeros (file, 8);
  put (file, mp3, sizeof mp3);
  put_zeros (file, 16);
  put (file, "APETAGEX\xd0\7\0\0\x34\0\0\0\1\0\0\0\0\0\0\x80", 24);
  put_zeros (file, 8);
}

/* What is put together from letters:
 *   f frame, o frame of another sample rate, 3 ID3v2, 1 ID3v1, a APE,
 *   0 some zeros, j junk, h half a frame */
static GByteArray *
build_mp3 (const gchar * parts)
{
  GByteArray *file = g_byte_array_new ();

  for (const gchar * part = parts; *part; part++) {
    if (*part == 'f')
      put_mp3 (file, 1);
    else if (*part == 'o')
      put_frames (file, mp3_48_khz, sizeof mp3_48_khz, 384, 1);
    else if (*part == '3')
      put_id3 (file);
    else if (*part == '1')
      put_id3v1 (file);
    else if (*part == 'a')
      put_ape (file);
    else if (*part == '0')
      put_zeros (file, 100);
    else if (*part == 'j')
      put (file, "junk junk", 9);
    else
      put_frames (file, mp3, sizeof mp3, MP3_SIZE / 2, 1);
  }
  return file;
}

static const struct
{
  const gchar *parts;
  guint n_frames;
} good_mp3s[] = {
  {"f", 1}, {"ff", 2}, {"ffffffffff", 10}, {"3ff", 2}, {"33333ff", 2},
  {"30ff", 2}, {"3f3", 1}, {"3ff3ff", 4}, {"ff1", 2}, {"ffa", 2}, {"ffa1", 2},
  {"ff1a", 2}, {"33fffa1", 3}, {"ff0ff", 4}, {"ffjff", 4}, {"ffh", 2},
  {"3ffh", 2}, {"ffjfj1", 3}, {"f1", 1}, {"fa", 1}, {"ffoff", 4},
};

GST_START_TEST (test_good_mp3)
{
  g_autoptr (GByteArray) file = build_mp3 (good_mp3s[__i__].parts);
  KlingAudiofile info = read_good (file);

  fail_unless_equals_int (info.kind, KLING_AUDIOFILE_MP3);
  fail_unless_equals_int (info.n_frames, good_mp3s[__i__].n_frames);
  fail_unless_equals_uint64 (info.n_samples, 1152 * info.n_frames);
  fail_unless_equals_int64 (info.duration,
      (gint64) info.n_samples * 1000000 / 44100);
  fail_unless_equals_int (info.rate, 44100);
  fail_unless_equals_int (info.channels, 2);
}

GST_END_TEST;

/* An APE tag that says it is smaller than its footer, or larger than the file */
GST_START_TEST (test_ape_size)
{
  static const guint32 sizes[] = { 0, 1, 31, 32, 2000, 0xffffffff };
  g_autoptr (GByteArray) file = build_mp3 ("ffa");
  guint32 size = GUINT32_TO_LE (sizes[__i__]);

  memcpy (file->data + file->len - 20, &size, sizeof size);
  fail_unless_equals_int (read_good (file).n_frames, 2);
}

GST_END_TEST;

static const struct
{
  const gchar *parts;
  const gchar *sentence;
} bad_mp3s[] = {
  /* *INDENT-OFF* */
  {"3", "The file has an ID3 tag and no sound."},
  {"30", "The file has an ID3 tag and no sound."},
  {"3j", "The file is none of WAV, MP3, AAC and M4A: it is text and starts with"
      " \"junk junk\"."},
  {"fj3", "The file is none of WAV, MP3, AAC and M4A: it starts with the bytes"
      " ff fb 90 00 00 00 00 00."},
  {"ff0000000000", "The file is damaged: 1000 of its 1834 bytes belong to no"
      " frame of sound."},
  /* *INDENT-ON* */
};

GST_START_TEST (test_bad_mp3)
{
  g_autoptr (GByteArray) file = build_mp3 (bad_mp3s[__i__].parts);

  check_refused (file, bad_mp3s[__i__].sentence);
}

GST_END_TEST;

/* A frame that is a table has no sound. */
GST_START_TEST (test_mp3_table)
{
  static const struct
  {
    guint8 version, mode;
    guint at;
    const gchar *word;
  } tables[] = {
    {0xfb, 0x00, 36, "Xing"}, {0xfb, 0x40, 36, "Info"},
    {0xfb, 0xc0, 21, "Xing"}, {0xf3, 0x00, 21, "Info"},
    {0xf3, 0xc0, 13, "Xing"}, {0xe3, 0xc0, 13, "Xing"},
    {0xfb, 0x00, 36, "VBRI"}, {0xf3, 0xc0, 36, "VBRI"},
    {0xfb, 0x00, 35, NULL}, {0xfb, 0xc0, 36, NULL},
  };
  g_autoptr (GByteArray) file = g_byte_array_new ();
  guint8 header[] = { 0xff, tables[__i__].version, 0x90, tables[__i__].mode };
  /* 128 kbit/s, or 80; at 44.1, 22.05 or 11.025 kHz */
  guint size = header[1] == 0xfb ? 417 : header[1] == 0xf3 ? 261 : 522;

  put_frames (file, header, sizeof header, size, 5);
  memcpy (file->data + tables[__i__].at,
      tables[__i__].word ? tables[__i__].word : "Xing", 4);
  fail_unless_equals_int (read_good (file).n_frames,
      tables[__i__].word ? 4 : 5);
  if (tables[__i__].word) {
    g_byte_array_set_size (file, size);
    check_refused (file, "The file is cut off: there is no whole frame of sound"
        " in it.");
  }
}

GST_END_TEST;

/* ISO/IEC 11172-3 and 13818-3: all bit rates at all sample rates */
GST_START_TEST (test_mp3_headers)
{
  static const guint rates[] = { 44100, 48000, 32000 };
  static const guint bit_rates[2][14] = {
    {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
    {8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
  };
  static const guint8 versions[] = { 0xfb, 0xf3, 0xe3 };
  guint version = __i__ / 3, rate = rates[__i__ % 3] >> version;
  guint samples = version == 0 ? 1152 : 576;

  for (guint i = 0; i < 14; i++) {
    for (guint padding = 0; padding < 2; padding++) {
      g_autoptr (GByteArray) file = g_byte_array_new ();
      guint8 header[] = { 0xff, versions[version],
        (guint8) ((i + 1) << 4 | (__i__ % 3) << 2 | padding << 1), 0xc0
      };
      gdouble size = samples / 8. * bit_rates[version > 0][i] * 1000. / rate;
      KlingAudiofile info;

      put_frames (file, header, sizeof header, (guint) size + padding, 5);
      info = read_good (file);
      fail_unless_equals_int (info.n_frames, 5);
      fail_unless_equals_uint64 (info.n_samples, 5 * samples);
      fail_unless_equals_int (info.rate, rate);
      fail_unless_equals_int (info.channels, 1);
    }
  }
}

GST_END_TEST;

/* ---- ADTS ---- */

static void
make_adts (guint8 * header, guint rate_index, guint channels, guint blocks,
    guint size)
{
  const guint8 bytes[] = { 0xff, 0xf1, (guint8) (0x40 | rate_index << 2 |
        channels >> 2), (guint8) ((channels & 3) << 6 | size >> 11),
    (guint8) (size >> 3), (guint8) ((size & 7) << 5 | 0x1f),
    (guint8) (0xfc | (blocks - 1))
  };

  memcpy (header, bytes, sizeof bytes);
}

GST_START_TEST (test_adts_headers)
{
  static const guint rates[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000,
    11025, 8000, 7350, 0, 0, 0,
  };

  for (guint channels = 0; channels < 8; channels++) {
    guint blocks = channels % 4 + 1, size = 7 + channels * 1000;
    g_autoptr (GByteArray) file = g_byte_array_new ();
    guint8 header[7];
    KlingAudiofile info;

    make_adts (header, __i__, channels, blocks, size);
    put_frames (file, header, sizeof header, size, 5);
    if (rates[__i__] == 0) {
      fail_if (read_file (&info, file, NULL));
      continue;
    }
    info = read_good (file);
    fail_unless_equals_int (info.kind, KLING_AUDIOFILE_AAC);
    fail_unless_equals_int (info.n_frames, 5);
    fail_unless_equals_uint64 (info.n_samples, 5 * 1024 * blocks);
    fail_unless_equals_int (info.rate, rates[__i__]);
    fail_unless_equals_int (info.channels, channels == 7 ? 8 : channels);
  }
}

GST_END_TEST;

/* Frames with a sum are 9 bytes at least; smaller ones would never end. */
GST_START_TEST (test_adts_small)
{
  for (guint size = 0; size < 12; size++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();
    guint8 header[7];
    KlingAudiofile info;
    gboolean has_crc = __i__ == 1;

    make_adts (header, 4, 1, 1, size);
    if (has_crc)
      header[1] = 0xf0;
    put_frames (file, header, sizeof header, MAX (size, 7), 5);
    fail_unless_equals_int (read_file (&info, file, NULL),
        size >= (has_crc ? 9 : 7));
  }
}

GST_END_TEST;

/* ---- other things ---- */

#define NONE "The file is none of WAV, MP3, AAC and M4A: "

static const struct
{
  const gchar *bytes;
  guint size;
  const gchar *sentence;
} foreign[] = {
  /* *INDENT-OFF* */
  {"", 0, "The file is empty."},
  {"a", 1, NONE "it is text and starts with the bytes 61."},
  {"RIFF", 4, NONE "it is text and starts with \"RIFF\"."},
  {"OggS\0\2\0\0\0\0\0\0\0\0", 14, NONE "it is Ogg and starts with \"OggS\"."},
  {"fLaC\0\0\0\"\22\0\22\0", 12, NONE "it is FLAC and starts with \"fLaC\"."},
  {"ID3\4\0\0\0\0\0\0fLaC\0\0\0\"\22\0\22\0", 22,
      NONE "it is FLAC and starts with \"fLaC\"."},
  {"\x1a\x45\xdf\xa3\1\0\0\0", 8,
      NONE "it is Matroska or WebM and starts with the bytes 1a 45 df a3 01 00"
      " 00 00."},
  {"#!AMR\n<abc", 10, NONE "it is AMR and starts with \"#!AMR\"."},
  {"caff\0\1\0\0desc", 12, NONE "it is CAF and starts with \"caff\"."},
  {"FORM\0\0\1\0AIFFCOMM", 16, NONE "it is AIFF and starts with \"FORM\"."},
  {"FORM\0\0\1\0AIFCFVER", 16, NONE "it is AIFF and starts with \"FORM\"."},
  {"RIFF\0\0\1\0AVI LIST", 16, NONE "it is AVI and starts with \"RIFF\"."},
  {"RF64\xff\xff\xff\xffWAVEds64", 16,
      NONE "it is RF64, a WAV beyond 4 GB, and starts with \"RF64\"."},
  {"RIFX\0\0\1\0WAVEfmt ", 16,
      NONE "it is a WAV of the other byte order and starts with \"RIFX\"."},
  {".snd\0\0\0\30", 8, NONE "it is AU and starts with \".snd\"."},
  {"ADIF\0\0\0\0", 8, NONE "it is ADIF AAC and starts with \"ADIF\"."},
  {"<!DOCTYPE html>\n<html>", 22,
      NONE "it is a web page and starts with \"<!DOCTYPE html>\"."},
  {"<HTML><body>", 12,
      NONE "it is a web page and starts with \"<HTML><body>\"."},
  {"{\"error\":\"no\"}", 14,
      NONE "it is text and starts with the bytes 7b 22 65 72 72 6f 72 22."},
  {"\xff\xfeH\0i\0!\0", 8, NONE "it is text in UTF-16 and starts with the bytes"
      " ff fe 48 00 69 00 21 00."},
  {"\0\0\0\0\0\0\0\0", 8,
      NONE "it starts with the bytes 00 00 00 00 00 00 00 00."},
  {"\0\0\0\14moov\0\0\0\0", 12, NONE "it is an old QuickTime file and starts"
      " with the bytes 00 00 00 0c 6d 6f 6f 76."},
  {"\xff\xfd\xa4\xc4\x86\x68\x87\x77", 8,
      "The file is MPEG audio of layer II (MP2), not MP3, which is layer III."},
  {"\xff\xff\xa4\xc4\x86\x68\x87\x77", 8,
      "The file is MPEG audio of layer I, not MP3, which is layer III."},
  {"\xff\xfb\0\xc4\x86\x68\x87\x77", 8, "The file is an MP3 of free format,"
      " which does not say how large its frames are."},
  {"\xff\xfb\xf0\xc4\x86\x68\x87\x77", 8,
      NONE "it starts with the bytes ff fb f0 c4 86 68 87 77."},
  {"\xff\xfb\x9c\xc4\x86\x68\x87\x77", 8,
      NONE "it starts with the bytes ff fb 9c c4 86 68 87 77."},
  {"\xff\xeb\x90\xc4\x86\x68\x87\x77", 8,
      NONE "it starts with the bytes ff eb 90 c4 86 68 87 77."},
  {"\xff\xfb\x90\xc4\x86\x68\x87\x77", 8,
      "The file is cut off: there is no whole frame of sound in it."},
  {"ID3\4\0\0\0\0\1\0OggS", 14,
      "The file is cut off: its ID3 tag says 138 bytes, 14 are there."},
  {"ID3\4\0\x10\x7f\x7f\x7f\x7f", 10,
      "The file is cut off: its ID3 tag says 268435475 bytes, 10 are there."},
  {"\0\0\0\20ftypM4A \0\0\0\0", 16,
      "The file is cut off or damaged: it has no box \"moov\"."},
  /* *INDENT-ON* */
};

GST_START_TEST (test_foreign)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();

  put (file, foreign[__i__].bytes, foreign[__i__].size);
  check_refused (file, foreign[__i__].sentence);
}

GST_END_TEST;

GST_START_TEST (test_transport_stream)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  static const guint8 sync[] = { 0x47, 0x40, 0x11, 0x10 };

  put_frames (file, sync, sizeof sync, 188, 3);
  check_refused (file, NONE "it is an MPEG transport stream and starts with the"
      " bytes 47 40 11 10 00 00 00 00.");
}

GST_END_TEST;

/* No byte behind the end is looked at. */
GST_START_TEST (test_filetype_end)
{
  guint8 packets[2 * 188] = { 0x47, 0, };
  g_autofree gchar *ogg = kling_filetype_describe ((guint8 *) "OggS", 3);
  g_autofree gchar *page = kling_filetype_describe ((guint8 *) "<html", 4);
  g_autofree gchar *stream = NULL;

  packets[188] = 0x47;
  stream = kling_filetype_describe (packets, 188);
  fail_unless_equals_string (ogg,
      "it is text and starts with the bytes 4f 67 67");
  fail_unless_equals_string (page, "it is text and starts with \"<htm\"");
  fail_unless_equals_string (stream,
      "it starts with the bytes 47 00 00 00 00 00 00 00");
}

GST_END_TEST;

GST_START_TEST (test_m4a_without_tracks)
{
  g_autoptr (GByteArray) file = load ("isobmff/large-sizes.mp4");

  check_refused (file, "The file is an MP4 or MOV without sound.");
}

GST_END_TEST;

/* What is too large to be sent is recognised, but not read through. */
GST_START_TEST (test_large)
{
  static const guint bytes = KLING_AUDIO_BYTES_MAX + MP3_SIZE;
  GByteArray *files[] = {
    g_byte_array_new (), make_wav (&(Wav) {1, 1, 8000, 16, bytes, bytes}),
    build_mp3 ("3"),
  };
  static const gboolean is_good[] = { TRUE, TRUE, FALSE };

  put_mp3 (files[0], bytes / MP3_SIZE + 1);
  put_zeros (files[2], bytes);
  for (guint i = 0; i < 3; i++) {
    Source source = { files[i], };
    KlingAudiofile info;

    fail_unless_equals_int (kling_audiofile_read (&info, files[i]->len,
            read_source, &source, NULL), is_good[i]);
    fail_unless (source.bytes < 200000, "%" G_GUINT64_FORMAT, source.bytes);
    fail_unless_equals_int (info.peak, -1);
  }
  for (guint i = 0; i < 3; i++)
    g_byte_array_unref (files[i]);
}

GST_END_TEST;

static Suite *
audiofile_suite (void)
{
  Suite *suite = suite_create ("audiofile");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_corpus, 0, G_N_ELEMENTS (corpus));
  tcase_add_loop_test (tc, test_every_cut, 0, G_N_ELEMENTS (corpus));
  tcase_add_loop_test (tc, test_every_failing_read, 0, G_N_ELEMENTS (corpus));
  tcase_add_loop_test (tc, test_good_wav, 0, G_N_ELEMENTS (good_wavs));
  tcase_add_loop_test (tc, test_bad_wav, 0, G_N_ELEMENTS (bad_wavs));
  tcase_add_test (tc, test_wav_chunks);
  tcase_add_test (tc, test_wav_without_chunks);
  tcase_add_test (tc, test_wav_without_format);
  tcase_add_test (tc, test_wav_many_chunks);
  tcase_add_test (tc, test_wav_extensible);
  tcase_add_loop_test (tc, test_peak, 0, G_N_ELEMENTS (peaks));
  tcase_add_loop_test (tc, test_good_mp3, 0, G_N_ELEMENTS (good_mp3s));
  tcase_add_loop_test (tc, test_ape_size, 0, 6);
  tcase_add_loop_test (tc, test_bad_mp3, 0, G_N_ELEMENTS (bad_mp3s));
  tcase_add_loop_test (tc, test_mp3_table, 0, 10);
  tcase_add_loop_test (tc, test_mp3_headers, 0, 9);
  tcase_add_loop_test (tc, test_adts_headers, 0, 16);
  tcase_add_loop_test (tc, test_adts_small, 0, 2);
  tcase_add_loop_test (tc, test_foreign, 0, G_N_ELEMENTS (foreign));
  tcase_add_test (tc, test_transport_stream);
  tcase_add_test (tc, test_filetype_end);
  tcase_add_test (tc, test_m4a_without_tracks);
  tcase_add_test (tc, test_large);
  return suite;
}

GST_CHECK_MAIN (audiofile);
