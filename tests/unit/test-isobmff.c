/* klinglipsync: tests of the MP4 reader
 *
 * The files are put together here, in a small notation:
 *
 *   type<...>      a box with its size in 32 bits; boxes nest
 *   type<!...>     a box with its size in 64 bits
 *   type<:7:...>   a box that says its size is 7 (after the !, if there is one)
 *   {7}            a number of 32 bits
 *   ~              a byte that is 0
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-error.h"
#include "kling-isobmff.h"

#define Z4 "{0}{0}{0}{0}"
#define V1 "{16777216}"
#define FTYP "ftyp<isom{512}isommp41>"
#define MVHD0 "mvhd<{0}{0}{0}{1000}{5500}>"
#define MVHD1 "mvhd<" V1 Z4 "{90000}{1}{5000}>"
/* 1280 x 720 and 1920 x 1080, in 16.16 */
#define TKHD0 "tkhd<{7}{0}{0}{1}{0}{5500}" Z4 Z4 Z4 "{0}{83886080}{47185920}>"
#define TKHD1 "tkhd<" V1 Z4 Z4 Z4 Z4 Z4 "{0}{125829120}{70778880}>"
#define HDLR(type) "hdlr<{0}{0}" type "{0}{0}{0}~>"
#define TRAK(tkhd, type) "trak<" tkhd "mdia<" HDLR (type) "minf<dinf<>>>>"
#define VIDEO TRAK (TKHD0, "vide")
#define AUDIO TRAK (TKHD0, "soun")
#define MOOV "moov<" MVHD0 VIDEO AUDIO ">"
#define MDAT "mdat<0123456789abcdef>"

static void
put_uint32 (GByteArray * file, guint64 value)
{
  guint32 word = GUINT32_TO_BE ((guint32) value);

  g_byte_array_append (file, (const guint8 *) &word, sizeof word);
}

static void
set_uint32 (GByteArray * file, guint at, guint64 value)
{
  guint32 word = GUINT32_TO_BE ((guint32) value);

  memcpy (file->data + at, &word, sizeof word);
}

static const gchar *put_text (GByteArray * file, const gchar * text);

/* The type stands before the bracket, so it is already there: put the size in
 * front of it. */
static const gchar *
put_box (GByteArray * file, const gchar * text)
{
  guint start = file->len - 4;
  guint32 type;
  guint64 size = 0;
  gboolean is_large = *text == '!', is_forced;
  gchar *end;

  memcpy (&type, file->data + start, sizeof type);
  g_byte_array_set_size (file, start);
  put_uint32 (file, 1);
  put_uint32 (file, GUINT32_FROM_BE (type));
  if (is_large) {
    text++;
    put_uint32 (file, 0);
    put_uint32 (file, 0);
  }
  is_forced = *text == ':';
  if (is_forced) {
    size = g_ascii_strtoull (text + 1, &end, 10);
    text = end + 1;
  }
  text = put_text (file, text);
  if (!is_forced)
    size = file->len - start;
  if (is_large) {
    set_uint32 (file, start + 8, size >> 32);
    set_uint32 (file, start + 12, size);
  } else {
    set_uint32 (file, start, size);
  }
  return text;
}

/* Up to the end of the box or of the text; returns what follows. */
static const gchar *
put_text (GByteArray * file, const gchar * text)
{
  while (*text && *text != '>') {
    gchar *end;
    guint8 byte = *text == '~' ? 0 : (guint8) * text;

    if (*text == '<') {
      text = put_box (file, text + 1);
    } else if (*text == '{') {
      put_uint32 (file, g_ascii_strtoull (text + 1, &end, 10));
      text = end + 1;
    } else {
      g_byte_array_append (file, &byte, 1);
      text++;
    }
  }
  return *text == '>' ? text + 1 : text;
}

static GByteArray *
build (const gchar * text)
{
  GByteArray *file = g_byte_array_new ();

  fail_unless (*put_text (file, text) == '\0', "a > too many in %s", text);
  return file;
}

typedef struct
{
  const GByteArray *file;
  guint reads;
  gsize bytes;
  gsize fail_at;
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
read_file (KlingIsobmff * info, const GByteArray * file, GError ** error)
{
  Source source = { file, };

  return kling_isobmff_read (info, file->len, read_source, &source, error);
}

static const struct
{
  const gchar *file;
  const gchar *brand;
  gint64 duration;
  guint n_video, n_audio, width, height;
} good[] = {
  /* *INDENT-OFF* */
  {FTYP MOOV MDAT, "isom", 5500000, 1, 1, 1280, 720},
  {FTYP MDAT MOOV, "isom", 5500000, 1, 1, 1280, 720},
  {FTYP "free<~~~~>" MDAT "free<>" MOOV "uuid<whatever>", "isom", 5500000, 1, 1,
      1280, 720},
  /* 64-bit sizes, a last box that reaches to the end */
  {FTYP MOOV "mdat<!0123>", "isom", 5500000, 1, 1, 1280, 720},
  {FTYP MOOV "mdat<:0:0123>", "isom", 5500000, 1, 1, 1280, 720},
  {FTYP MDAT "moov<:0:" MVHD0 VIDEO ">", "isom", 5500000, 1, 0, 1280, 720},
  {FTYP MOOV "mdat<>", "isom", 5500000, 1, 1, 1280, 720},
  /* version 1: 2^32 + 5000 ticks of 90 kHz */
  {FTYP "moov<" MVHD1 TRAK (TKHD1, "vide") ">" MDAT, "isom",
      G_GINT64_CONSTANT (47721914400), 1, 0, 1920, 1080},
  /* QuickTime */
  {"ftyp<qt  {0}>" MOOV MDAT, "qt  ", 5500000, 1, 1, 1280, 720},
  {"ftyp<\001\"\377x{0}>" MOOV MDAT, "???x", 5500000, 1, 1, 1280, 720},
  /* tracks */
  {FTYP "moov<" MVHD0 ">" MDAT, "isom", 5500000, 0, 0, 0, 0},
  {FTYP "moov<" MVHD0 AUDIO TRAK (TKHD0, "text") "trak<>" ">" MDAT, "isom",
      5500000, 0, 1, 0, 0},
  {FTYP "moov<" MVHD0 TRAK (TKHD1, "vide") VIDEO AUDIO AUDIO ">" MDAT, "isom",
      5500000, 2, 2, 1920, 1080},
  {FTYP "moov<" MVHD0 "trak<mdia<" HDLR ("vide") ">" TKHD0 ">>" MDAT, "isom",
      5500000, 1, 0, 1280, 720},
  {FTYP MOOV MDAT MOOV, "isom", 5500000, 1, 1, 1280, 720},
  /* durations that say nothing */
  {FTYP "moov<mvhd<{0}{0}{0}{0}{5500}>>" MDAT, "isom", -1, 0, 0, 0, 0},
  {FTYP "moov<mvhd<{0}{0}{0}{1000}{0}>>" MDAT, "isom", -1, 0, 0, 0, 0},
  {FTYP "moov<mvhd<{0}{0}{0}{1000}{4294967295}>>" MDAT, "isom", -1, 0, 0, 0, 0},
  {FTYP "moov<mvhd<" V1 Z4 "{1}{4294967295}{4294967295}>>" MDAT, "isom", -1, 0,
      0, 0, 0},
  {FTYP "moov<mvhd<" V1 Z4 "{1}{2147483647}{4294967295}>>" MDAT, "isom", -1, 0,
      0, 0, 0},
  /* a moov that QuickTime closed with a terminator */
  {FTYP "moov<" MVHD0 VIDEO "{0}>" MDAT, "isom", 5500000, 1, 0, 1280, 720},
  {FTYP "moov<" MVHD0 VIDEO "{0}{0}>" MDAT, "isom", 5500000, 1, 0, 1280, 720},
  /* *INDENT-ON* */
};

GST_START_TEST (test_good)
{
  g_autoptr (GByteArray) file = build (good[__i__].file);
  g_autoptr (GError) error = NULL;
  KlingIsobmff info;

  fail_unless (read_file (&info, file, &error), "%s: %s", good[__i__].file,
      error ? error->message : "");
  fail_unless_equals_string (info.brand, good[__i__].brand);
  fail_unless_equals_int64 (info.duration, good[__i__].duration);
  fail_unless_equals_int (info.n_video, good[__i__].n_video);
  fail_unless_equals_int (info.n_audio, good[__i__].n_audio);
  fail_unless_equals_int (info.width, good[__i__].width);
  fail_unless_equals_int (info.height, good[__i__].height);
}

GST_END_TEST;

static const struct
{
  const gchar *file;
  const gchar *message;
} bad[] = {
  /* *INDENT-OFF* */
  /* no MP4 */
  {"", "The file is not an MP4 or MOV: it is empty."},
  {"abc", "The file is not an MP4 or MOV: it is text and starts with the bytes"
      " 61 62 63."},
  {"ftyp",
      "The file is not an MP4 or MOV: it is text and starts with \"ftyp\"."},
  {"{0}{0}", "MOV: it starts with the bytes 00 00 00 00 00 00 00 00."},
  {"\037\213\010~~~~~~~~",
      "MOV: it starts with the bytes 1f 8b 08 00 00 00 00 00."},
  {"not a video, and \"what\" else",
      "it is text and starts with \"not a video, and \"."},
  {"OggS~~~~", "MOV: it is Ogg and starts with \"OggS\"."},
  {MOOV MDAT, "MOV: it is an old QuickTime file and starts with"},
  {"wide<>" MDAT MOOV, "it is an old QuickTime file"},
  /* cut off */
  {FTYP, "cut off or damaged: it has no box \"moov\"."},
  {FTYP MDAT, "cut off or damaged: it has no box \"moov\"."},
  {FTYP MOOV, "cut off or damaged: it has no box \"mdat\"."},
  {FTYP "moov<" VIDEO ">" MDAT, "it has no box \"mvhd\"."},
  {FTYP MOOV "mdat<:1000:0123>",
      "is cut off: its box \"mdat\" says 1000 bytes, 12 are there."},
  {FTYP MOOV "mdat<!:4294967296:0123>",
      "is cut off: its box \"mdat\" says 4294967296 bytes, 20 are there."},
  {FTYP MDAT "moov<:9999:" MVHD0 ">", "is cut off: its box \"moov\" says 9999"},
  {FTYP MOOV MDAT "abc", "is cut off or damaged: 3 bytes follow its last box."},
  {FTYP MOOV MDAT "{0}{0}{0}{0}", "its box \"????\""},
  /* sizes that cannot be */
  {"ftyp<:4:isom>", "damaged: its box \"ftyp\" at byte 0 has an impossible"},
  {"ftyp<:1:isom>", "damaged: its box \"ftyp\" at byte 0"},
  {"ftyp<>" MOOV MDAT, "damaged: its box \"ftyp\""},
  {FTYP MOOV "mdat<:7:>", "damaged: its box \"mdat\""},
  {FTYP MOOV "mdat<!:15:>", "damaged: its box \"mdat\""},
  {FTYP MOOV "mdat<!:0:>", "damaged: its box \"mdat\""},
  {FTYP MOOV "mdat<!:18446744073709551615:>",
      "its box \"mdat\" says 18446744073709551615 bytes, 16 are there."},
  {FTYP MOOV "mdat<!:9223372036854775808:>", "says 9223372036854775808 bytes"},
  {FTYP MOOV "mdat<!:9223372036854775807:>", "says 9223372036854775807 bytes"},
  {FTYP "moov<trak<:1000:>>" MDAT,
      "is damaged: its box \"trak\" says 1000 bytes, 8 are there."},
  {FTYP "moov<trak<:7:>>" MDAT, "damaged: its box \"trak\""},
  {FTYP "moov<trak<:1:>>" MDAT, "damaged: its box \"trak\""},
  {FTYP "moov<mvhd<>>" MDAT, "damaged: its box \"mvhd\""},
  {FTYP "moov<mvhd<{0}{0}{0}{1000}>>" MDAT, "damaged: its box \"mvhd\""},
  {FTYP "moov<mvhd<" V1 "{0}{0}{1000}{1}>>" MDAT, "damaged: its box \"mvhd\""},
  {FTYP "moov<" MVHD0 "trak<tkhd<" Z4 ">>>" MDAT, "damaged: its box \"tkhd\""},
  {FTYP "moov<" MVHD0 "trak<mdia<hdlr<{0}>>>>" MDAT, "its box \"hdlr\""},
  /* *INDENT-ON* */
};

GST_START_TEST (test_bad)
{
  g_autoptr (GByteArray) file = build (bad[__i__].file);
  g_autoptr (GError) error = NULL;
  KlingIsobmff info;

  fail_if (read_file (&info, file, &error), "%s", bad[__i__].file);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_RESULT));
  fail_unless (strstr (error->message, bad[__i__].message) != NULL,
      "%s: \"%s\", not \"%s\"", bad[__i__].file, error->message,
      bad[__i__].message);
}

GST_END_TEST;

/* What a captive portal or an expired link sends instead of a video */
GST_START_TEST (test_html)
{
  static const gchar page[] = "<html><head><title>Expired</title>\n<body>";
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  KlingIsobmff info;

  g_byte_array_append (file, (const guint8 *) page, sizeof page - 1);
  fail_if (read_file (&info, file, &error));
  fail_unless_equals_string (error->message, "The file is not an MP4 or "
      "MOV: it is a web page and starts with \"<html><head><title>Expir\".");
}

GST_END_TEST;

/* Every length that a download could have stopped at is noticed. */
GST_START_TEST (test_every_cut)
{
  g_autoptr (GByteArray) file =
      build (__i__ ? FTYP MDAT MOOV : FTYP MOOV "mdat<!0123456789>");

  while (file->len > 0) {
    g_autoptr (GError) error = NULL;
    KlingIsobmff info;

    g_byte_array_set_size (file, file->len - 1);
    fail_if (read_file (&info, file, &error), "%u bytes", file->len);
    fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_RESULT));
  }
}

GST_END_TEST;

/* A disk that fails is the machine's fault, whichever read it is. */
GST_START_TEST (test_every_failing_read)
{
  g_autoptr (GByteArray) file = build (FTYP "moov<!" MVHD0 VIDEO ">" MDAT);
  Source source = { file, };
  KlingIsobmff info;
  guint n;

  fail_unless (kling_isobmff_read (&info, file->len, read_source, &source,
          NULL));
  n = source.reads;
  fail_unless (n > 5);
  for (guint i = 1; i <= n; i++) {
    g_autoptr (GError) error = NULL;

    source = (Source) {
    file,.fail_at = i,};
    fail_if (kling_isobmff_read (&info, file->len, read_source, &source,
            &error));
    fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_LOCAL));
    fail_unless_equals_int (source.reads, i);
  }
}

GST_END_TEST;

/* A hostile file of nothing but headers costs a bounded number of reads. */
GST_START_TEST (test_many_boxes)
{
  g_autoptr (GByteArray) file = build (FTYP MOOV MDAT);
  g_autoptr (GError) error = NULL;
  Source source = { file, };
  KlingIsobmff info;

  for (guint i = 0; i < 200000; i++) {
    put_uint32 (file, 8);
    g_byte_array_append (file, (const guint8 *) "free", 4);
  }
  fail_if (kling_isobmff_read (&info, file->len, read_source, &source, &error));
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_RESULT));
  fail_unless (source.reads < 50000 && source.bytes < 1000000);
}

GST_END_TEST;

/* The media is not read, however large it is. */
GST_START_TEST (test_reads_little)
{
  g_autoptr (GByteArray) file = build (FTYP MOOV MDAT);
  Source source = { file, };
  KlingIsobmff info;

  put_uint32 (file, 8 + 5000000);
  g_byte_array_append (file, (const guint8 *) "mdat", 4);
  g_byte_array_set_size (file, file->len + 5000000);
  fail_unless (kling_isobmff_read (&info, file->len, read_source, &source,
          NULL));
  fail_unless (source.bytes < 1000, "%" G_GSIZE_FORMAT, source.bytes);
}

GST_END_TEST;

static Suite *
isobmff_suite (void)
{
  Suite *suite = suite_create ("isobmff");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_good, 0, G_N_ELEMENTS (good));
  tcase_add_loop_test (tc, test_bad, 0, G_N_ELEMENTS (bad));
  tcase_add_test (tc, test_html);
  tcase_add_loop_test (tc, test_every_cut, 0, 2);
  tcase_add_test (tc, test_every_failing_read);
  tcase_add_test (tc, test_many_boxes);
  tcase_add_test (tc, test_reads_little);
  return suite;
}

GST_CHECK_MAIN (isobmff);
