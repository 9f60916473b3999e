/* klinglipsync tests: what may be sent
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>
#include <unistd.h>

#include "kling-error.h"
#include "kling-media.h"

#define DIGEST \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UNUSABLE "The audio that came in cannot be used, so nothing was sent. "
#define DECODE " Let GStreamer decode it: ... ! decodebin ! klinglipsync"
#define NO_VIDEO "The video that came in cannot be used, so nothing was sent. "
#define MUX " The video pad takes a whole MP4 or MOV, as it is in a file or as" \
    " a muxer makes it: ... ! mp4mux ! k.video"

static KlingSpool *
make_spool (gconstpointer data, gsize size)
{
  KlingSpool *spool = kling_spool_new ("file");

  fail_unless (kling_spool_write (spool, data, size, NULL));
  fail_unless (kling_spool_finish (spool, NULL));
  return spool;
}

static KlingSpool *
load (const gchar * name)
{
  g_autofree gchar *path =
      g_build_filename (g_getenv ("KLING_TEST_CORPUS"), name, NULL);
  g_autofree gchar *data = NULL;
  gsize size;

  fail_unless (g_file_get_contents (path, &data, &size, NULL), "%s", path);
  return make_spool (data, size);
}

GST_START_TEST (test_awaited)
{
  KlingMedia *media = kling_media_new_awaited (KLING_MEDIA_VIDEO);

  fail_unless_equals_int (media->kind, KLING_MEDIA_VIDEO);
  fail_unless (media->spool == NULL && media->digest == NULL);
  fail_unless_equals_int64 (media->duration, -1);
  fail_unless (kling_media_ref (media) == media);
  kling_media_unref (media);
  kling_media_unref (media);
}

GST_END_TEST;

static const struct
{
  const gchar *name;
  KlingMediaKind kind;
  const gchar *extension;
  const gchar *content_type;
  gint64 duration;
  guint width, height;
} files[] = {
  /* *INDENT-OFF* */
  {"audiofile/pcm16.wav", KLING_MEDIA_AUDIO, "wav", "audio/wav", 25000, 0, 0},
  {"audiofile/tags.mp3", KLING_MEDIA_AUDIO, "mp3", "audio/mpeg", 216000, 0, 0},
  {"audiofile/adts.aac", KLING_MEDIA_AUDIO, "aac", "audio/aac", 162539, 0, 0},
  {"audiofile/sound.m4a", KLING_MEDIA_AUDIO, "m4a", "audio/mp4", 143333, 0, 0},
  {"isobmff/fragments.mp4", KLING_MEDIA_VIDEO, "mp4", "video/mp4", -1, 32, 32},
  {"isobmff/quicktime.mov", KLING_MEDIA_VIDEO, "mov", "video/quicktime",
      G_GINT64_CONSTANT (1054232760400), 32, 32},
  /* *INDENT-ON* */
};

GST_START_TEST (test_file)
{
  g_autoptr (KlingSpool) spool = load (files[__i__].name);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlingMedia) media =
      kling_media_new (files[__i__].kind, spool, NULL, &error);

  fail_unless (media != NULL, "%s", error ? error->message : "");
  fail_unless_equals_int (media->kind, files[__i__].kind);
  fail_unless (media->spool == spool);
  fail_unless_equals_string (media->digest, kling_spool_get_sha256 (spool));
  fail_unless_equals_string (media->extension, files[__i__].extension);
  fail_unless_equals_string (media->content_type, files[__i__].content_type);
  fail_unless_equals_int64 (media->duration, files[__i__].duration);
  fail_unless_equals_int (media->width, files[__i__].width);
  fail_unless_equals_int (media->height, files[__i__].height);
  fail_if (media->silent);
}

GST_END_TEST;

GST_START_TEST (test_digest)
{
  g_autoptr (KlingSpool) spool = load ("audiofile/pcm16.wav");
  g_autoptr (KlingMedia) media =
      kling_media_new (KLING_MEDIA_AUDIO, spool, DIGEST, NULL);

  fail_unless_equals_string (media->digest, DIGEST);
}

GST_END_TEST;

static const struct
{
  KlingMediaKind kind;
  const gchar *bytes;
  guint size;
  const gchar *sentences;
} refused[] = {
  /* *INDENT-OFF* */
  {KLING_MEDIA_AUDIO, "", 0, "The audio that came in is empty, so nothing was"
      " sent: look at what is linked to the audio pad."},
  {KLING_MEDIA_VIDEO, "", 0, "The video that came in is empty, so nothing was"
      " sent: look at what is linked to the video pad."},
  {KLING_MEDIA_AUDIO, "OggS\0\2\0\0", 8, UNUSABLE "The file is none of WAV, MP3,"
      " AAC and M4A: it is Ogg and starts with \"OggS\"." DECODE},
  {KLING_MEDIA_AUDIO, "\0\0\0\20ftypM4A \0\0\0\0", 16, UNUSABLE
      "The file is cut off or damaged: it has no box \"moov\"." DECODE},
  {KLING_MEDIA_VIDEO, "\x1a\x45\xdf\xa3\1\0\0\0", 8, NO_VIDEO
      "The file is not an MP4 or MOV: it is Matroska or WebM and starts with the"
      " bytes 1a 45 df a3 01 00 00 00." MUX},
  {KLING_MEDIA_VIDEO, "RIFF\1\1\1\1WAVEfmt ", 16, NO_VIDEO "The file is not an"
      " MP4 or MOV: it is WAV and starts with \"RIFF\"." MUX},
  {KLING_MEDIA_VIDEO, "\0\0\0\20ftypisom\0\0\0\0", 16, NO_VIDEO
      "The file is cut off or damaged: it has no box \"moov\"." MUX},
  /* *INDENT-ON* */
};

static void
check_refused (KlingMediaKind kind, KlingSpool * spool, const gchar * sentences)
{
  g_autoptr (GError) error = NULL;

  fail_unless (kling_media_new (kind, spool, NULL, &error) == NULL);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_INPUT));
  fail_unless_equals_string (error->message, sentences);
}

GST_START_TEST (test_refused)
{
  g_autoptr (KlingSpool) spool =
      make_spool (refused[__i__].bytes, refused[__i__].size);

  check_refused (refused[__i__].kind, spool, refused[__i__].sentences);
}

GST_END_TEST;

/* Each on the other one's pad */
GST_START_TEST (test_mixed_up)
{
  g_autoptr (KlingSpool) video = load ("isobmff/moov-last.mp4");
  g_autoptr (KlingSpool) audio = load ("audiofile/sound.m4a");

  check_refused (KLING_MEDIA_AUDIO, video, "The audio that came in is a video,"
      " so nothing was sent: link it to klinglipsync's video pad (k.video), or"
      " decode its sound: ... ! decodebin ! klinglipsync");
  check_refused (KLING_MEDIA_VIDEO, audio, "The video that came in has no"
      " picture, so nothing was sent. If it is what is said, link it to"
      " klinglipsync's audio pad (k.audio); the video pad takes an MP4 or MOV"
      " with a face in it.");
}

GST_END_TEST;

/* The only file without a name that is open is that of a large spool. */
static void
cut_off_unnamed_file (void)
{
  for (gint fd = 3; fd < 256; fd++) {
    g_autofree gchar *name = g_strdup_printf ("/proc/self/fd/%d", fd);
    g_autofree gchar *target = g_file_read_link (name, NULL);

    if (target && strstr (target, "klinglipsync-")) {
      fail_unless_equals_int (ftruncate (fd, 100), 0);
      return;
    }
  }
  fail ("there is no such file");
}

/* A disk that fails is no fault of the file. */
GST_START_TEST (test_disk_fails)
{
  gsize size = KLING_SPOOL_MEMORY + 1;
  g_autofree guint8 *data = g_malloc0 (size);
  g_autoptr (KlingSpool) spool = NULL;
  g_autoptr (GError) error = NULL;
  KlingMediaKind kind = __i__ ? KLING_MEDIA_VIDEO : KLING_MEDIA_AUDIO;

  memcpy (data, "\0\0\0\20ftypisom", 12);
  spool = make_spool (data, size);
  cut_off_unnamed_file ();
  fail_unless (kling_media_new (kind, spool, NULL, &error) == NULL);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_LOCAL));
  fail_unless_equals_string (error->message,
      "The file cannot be read at byte 0.");
}

GST_END_TEST;

/* ---- limits ---- */

#define LIMITS 1000, 2000000, 60000000, 2000000, 60000000, 104857600, 512, 2160

static const KlingLimits documented = { TRUE, LIMITS };
static const KlingLimits presumed = { FALSE, LIMITS };

typedef struct
{
  KlingMediaKind kind;
  gint64 duration;
  goffset size;
  guint width, height;
  gboolean silent;
} Given;

/* A file of which nothing but the size is read */
static KlingMedia *
make_media (const Given * given)
{
  KlingMedia *media = kling_media_new_awaited (given->kind);

  media->spool = kling_spool_new ("file");
  fail_unless (kling_spool_write_at (media->spool, given->size - 1,
          (const guint8 *) "", 1, NULL));
  media->duration = given->duration;
  media->width = given->width;
  media->height = given->height;
  media->silent = given->silent;
  return media;
}

#define AUDIO(us) {KLING_MEDIA_AUDIO, us, 1000, 0, 0, FALSE}
#define AUDIO_BYTES(n) {KLING_MEDIA_AUDIO, 5000000, n, 0, 0, FALSE}
#define VIDEO(us) {KLING_MEDIA_VIDEO, us, 1000, 1280, 720, FALSE}
#define VIDEO_BYTES(n) {KLING_MEDIA_VIDEO, 5000000, n, 1280, 720, FALSE}
#define SIDES(w, h) {KLING_MEDIA_VIDEO, 5000000, 1000, w, h, FALSE}

/* One unit within each limit, on it, and beyond it. What is within says nothing.
 * Without @advice nobody refuses it: with @limit it is a little too long, without
 * it @fact is a warning as it stands. */
static const struct
{
  Given given;
  const gchar *fact;
  const gchar *limit;
  const gchar *advice;
} judged[] = {
  /* *INDENT-OFF* */
  {AUDIO (2000001), NULL, NULL, NULL},
  {AUDIO (2000000), NULL, NULL, NULL},
  {AUDIO (1999999), "The audio is 1.99 s long", "lower limit is 2 s",
      "make it longer"},
  {AUDIO (0), "The audio is 0.00 s long", "lower limit is 2 s",
      "make it longer"},
  {AUDIO (-1), NULL, NULL, NULL},
  {AUDIO (59999999), NULL, NULL, NULL},
  {AUDIO (60000000), NULL, NULL, NULL},
  {AUDIO (60000001), "The audio is 60.01 s long", "limit is 60 s", NULL},
  {AUDIO (60599999), "The audio is 60.60 s long", "limit is 60 s", NULL},
  {AUDIO (60600000), "The audio is 60.60 s long", "limit is 60 s", NULL},
  {AUDIO (60600001), "The audio is 60.61 s long", "limit is 60 s",
      "make it shorter, or cut it into parts"},
  {AUDIO (75200000), "The audio is 75.20 s long", "limit is 60 s",
      "make it shorter, or cut it into parts"},
  {AUDIO (G_MAXINT64), "The audio is 9223372036854.78 s long",
      "limit is 60 s", "make it shorter, or cut it into parts"},
  {AUDIO_BYTES (KLING_AUDIO_BYTES_MAX - 1), NULL, NULL, NULL},
  {AUDIO_BYTES (KLING_AUDIO_BYTES_MAX), NULL, NULL, NULL},
  {{KLING_MEDIA_AUDIO, 5000000, 1000, 0, 0, TRUE}, "The audio is silent: nothing"
      " in it can be heard, so no lips will move. It is paid for all the same.",
      NULL, NULL},
  {VIDEO (2000001), NULL, NULL, NULL},
  {VIDEO (2000000), NULL, NULL, NULL},
  {VIDEO (1999999), "The video is 1.99 s long", "lower limit is 2 s",
      "make it longer"},
  {VIDEO (-1), NULL, NULL, NULL},
  {VIDEO (59999999), NULL, NULL, NULL},
  {VIDEO (60000000), NULL, NULL, NULL},
  {VIDEO (60000001), "The video is 60.01 s long", "limit is 60 s", NULL},
  {VIDEO (60600000), "The video is 60.60 s long", "limit is 60 s", NULL},
  {VIDEO (60600001), "The video is 60.61 s long", "limit is 60 s",
      "make it shorter, or cut it into parts"},
  {VIDEO_BYTES (104857599), NULL, NULL, NULL},
  {VIDEO_BYTES (104857600), NULL, NULL, NULL},
  {VIDEO_BYTES (104857601), "The video has 104857601 bytes",
      "limit is 104857600 bytes", "encode it with a lower bit rate"},
  {SIDES (513, 720), NULL, NULL, NULL},
  {SIDES (512, 720), NULL, NULL, NULL},
  {SIDES (511, 720), "The video is 511 pixels wide",
      "lower limit is 512 pixels", "scale it"},
  {SIDES (2159, 720), NULL, NULL, NULL},
  {SIDES (2160, 720), NULL, NULL, NULL},
  {SIDES (2161, 720), "The video is 2161 pixels wide", "limit is 2160 pixels",
      "scale it"},
  {SIDES (720, 513), NULL, NULL, NULL},
  {SIDES (720, 512), NULL, NULL, NULL},
  {SIDES (720, 511), "The video is 511 pixels high",
      "lower limit is 512 pixels", "scale it"},
  {SIDES (720, 2159), NULL, NULL, NULL},
  {SIDES (720, 2160), NULL, NULL, NULL},
  {SIDES (720, 2161), "The video is 2161 pixels high", "limit is 2160 pixels",
      "scale it"},
  /* a file that does not say it */
  {SIDES (0, 0), NULL, NULL, NULL},
  /* *INDENT-ON* */
};

static void
check_warnings (const GPtrArray * warnings, const gchar * expected)
{
  fail_unless_equals_int (warnings->len, expected ? 1 : 0);
  if (expected)
    fail_unless_equals_string (warnings->pdata[0], expected);
}

/* What is said of row @i, of a limit that is @owner's; %NULL for nothing */
static gchar *
make_sentences (guint i, const gchar * owner)
{
  const gchar *fact = judged[i].fact, *limit = judged[i].limit;

  if (limit == NULL)
    return g_strdup (fact);
  if (judged[i].advice == NULL)
    return g_strdup_printf ("%s. %s %s; what is so little too long may be cut"
        " off.", fact, owner, limit);
  if (owner[0] == 'K')
    return g_strdup_printf ("%s. %s %s; this service may refuse it.", fact,
        owner, limit);
  return g_strdup_printf ("%s. %s %s, so nothing was sent: %s.", fact, owner,
      limit, judged[i].advice);
}

GST_START_TEST (test_documented)
{
  g_autoptr (KlingMedia) media = make_media (&judged[__i__].given);
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  gboolean fine = kling_media_check (media, &documented, warnings, &error);
  g_autofree gchar *sentences = make_sentences (__i__, "The service's");

  fail_unless_equals_int (fine, judged[__i__].advice == NULL);
  check_warnings (warnings, fine ? sentences : NULL);
  if (fine)
    return;
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_INPUT));
  fail_unless_equals_string (error->message, sentences);
}

GST_END_TEST;

GST_START_TEST (test_presumed)
{
  g_autoptr (KlingMedia) media = make_media (&judged[__i__].given);
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *sentences = make_sentences (__i__, "Kling's own");

  fail_unless (kling_media_check (media, &presumed, warnings, &error));
  fail_unless (error == NULL);
  check_warnings (warnings, sentences);
  fail_unless (kling_media_check (media, &presumed, NULL, NULL));
}

GST_END_TEST;

/* No service takes it, and so we do not either. */
GST_START_TEST (test_audio_bytes)
{
  Given given = AUDIO_BYTES (KLING_AUDIO_BYTES_MAX + 1);
  const KlingLimits *limits = __i__ ? &documented : &presumed;
  g_autoptr (KlingMedia) media = make_media (&given);
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  fail_if (kling_media_check (media, limits, warnings, &error));
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_INPUT));
  fail_unless_equals_string (error->message, "The audio has 5242881 bytes. No"
      " more than 5242880 are taken, so nothing was sent: make it shorter, or"
      " give it as MP3 or AAC.");
  check_warnings (warnings, NULL);
}

GST_END_TEST;

/* All that is wrong is said, if it is only warned about. */
GST_START_TEST (test_several_warnings)
{
  static const Given given = {
    KLING_MEDIA_VIDEO, 61000000, 104857601, 320, 2400, FALSE
  };
  g_autoptr (KlingMedia) media = make_media (&given);
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);

  fail_unless (kling_media_check (media, &presumed, warnings, NULL));
  fail_unless_equals_int (warnings->len, 4);
}

GST_END_TEST;

/* 16 bits, mono, 8 kHz, 100 samples of which one is heard or not */
GST_START_TEST (test_silence)
{
  static const struct
  {
    gint16 sample;
    gboolean silent;
  } samples[] = {
    {0, TRUE}, {31, TRUE}, {-32, TRUE}, {32, TRUE}, {33, FALSE}, {-33, FALSE},
    {-32768, FALSE},
  };
  guint8 file[244] = "RIFF\xec\0\0\0WAVEfmt \20\0\0\0\1\0\1\0\x40\x1f\0\0"
      "\x80\x3e\0\0\2\0\20\0data\xc8\0\0\0";
  gint16 sample = GINT16_TO_LE (samples[__i__].sample);
  g_autoptr (KlingSpool) spool = NULL;
  g_autoptr (KlingMedia) media = NULL;

  memcpy (file + 44 + 120, &sample, sizeof sample);
  spool = make_spool (file, sizeof file);
  media = kling_media_new (KLING_MEDIA_AUDIO, spool, NULL, NULL);
  fail_unless (media != NULL);
  fail_unless_equals_int (media->silent, samples[__i__].silent);
  fail_unless_equals_int64 (media->duration, 12500);
}

GST_END_TEST;

static Suite *
media_suite (void)
{
  Suite *suite = suite_create ("media");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_awaited);
  tcase_add_loop_test (tc, test_file, 0, G_N_ELEMENTS (files));
  tcase_add_test (tc, test_digest);
  tcase_add_loop_test (tc, test_refused, 0, G_N_ELEMENTS (refused));
  tcase_add_test (tc, test_mixed_up);
  tcase_add_loop_test (tc, test_disk_fails, 0, 2);
  tcase_add_loop_test (tc, test_documented, 0, G_N_ELEMENTS (judged));
  tcase_add_loop_test (tc, test_presumed, 0, G_N_ELEMENTS (judged));
  tcase_add_loop_test (tc, test_audio_bytes, 0, 2);
  tcase_add_test (tc, test_several_warnings);
  tcase_add_loop_test (tc, test_silence, 0, 7);
  return suite;
}

GST_CHECK_MAIN (media);
