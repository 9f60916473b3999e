/* Text to speech, by espeak-ng.
 *
 * espeak-ng runs as a child without a shell and reads the text from its
 * standard input, so nothing in a text can be an option or a command. What it
 * says is brought to one loudness and given a little silence at both ends:
 * lips that start on the very first sample look cut.
 *
 * On a worker's thread; no state.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-speech.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define RATE 22050              /* espeak-ng's own */
#define FRAME (RATE / 25)       /* samples per picture, exactly 882 */
#define LEAD (FRAME * 4)        /* 0.16 s */
#define TRAIL (FRAME * 6)       /* 0.24 s */

/* The service takes no speech under 2 s and no more than 60 s. A short word
 * is padded; a long text is refused after it was spoken. */
#define MIN_SAMPLES (RATE * 2)
#define MAX_SAMPLES (RATE * 60)

/* Nobody says this much in a minute, so it need not be tried. */
#define MAX_CHARACTERS 5000

/* The slowest and the fastest that espeak-ng is asked for. */
#define MIN_SPEED 80
#define MAX_SPEED 450

#define SPEAK_SECONDS 30
#define PEAK 26000              /* of 32767 */
#define HEADER 44

gboolean
sandbox_speech_is_possible (GError ** error)
{
  g_autofree char *program = g_find_program_in_path ("espeak-ng");

  if (program)
    return TRUE;
  g_set_error_literal (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
      "espeak-ng is missing (Debian package: espeak-ng)");
  return FALSE;
}

/* What is said, and how. */
typedef struct
{
  const char *text;
  const SandboxVoice *voice;
  const char *language;
  double speed;
} Words;

static gboolean
too_long (GError ** error)
{
  g_set_error_literal (error, SANDBOX_ERROR, SANDBOX_ERROR_VALUE,
      "the speech is longer than 60 seconds");
  return FALSE;
}

/* Without control characters, and without "[[", which starts phoneme codes. */
static char *
clean_text (const char *text)
{
  GString *clean = g_string_new (NULL);

  for (const char *p = text; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_iscntrl (c))
      c = ' ';
    if (c == '[' && clean->len && clean->str[clean->len - 1] == '[')
      g_string_append_c (clean, ' ');
    g_string_append_unichar (clean, c);
  }
  g_string_append_c (clean, '\n');
  return g_string_free (clean, FALSE);
}

static gboolean
on_too_slow (gpointer child)
{
  g_subprocess_force_exit (child);
  return G_SOURCE_CONTINUE;
}

static void
on_stop (GCancellable * stop, gpointer child)
{
  g_subprocess_force_exit (child);
}

/* Killed by us, unless it crashed by itself. */
static gboolean
check_end (GSubprocess * child, GCancellable * stop, GError ** error)
{
  if (g_cancellable_set_error_if_cancelled (stop, error))
    return FALSE;
  if (g_subprocess_get_if_signaled (child)
      && g_subprocess_get_term_sig (child) == SIGKILL) {
    g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
        "espeak-ng was killed, or had not spoken within %d s", SPEAK_SECONDS);
    return FALSE;
  }
  return g_spawn_check_wait_status (g_subprocess_get_status (child), error);
}

/* The timer ticks on the main loop; the child is waited for here, without a
 * cancellable: GLib 2.74 destroys the source of one after it has let go of the
 * context, which another thread may be freeing, and hangs or crashes one time
 * in thousands. So who wants an end ends the child. */
static gboolean
wait_for_child (GSubprocess * child, const char *text, GCancellable * stop,
    GError ** error)
{
  g_autoptr (GBytes) input = g_bytes_new (text, strlen (text));
  guint timer = g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, SPEAK_SECONDS,
      on_too_slow, g_object_ref (child), g_object_unref);
  gulong stopping = stop ? g_cancellable_connect (stop, G_CALLBACK (on_stop),
      child, NULL) : 0;
  gboolean done =
      g_subprocess_communicate (child, input, NULL, NULL, NULL, error);

  if (stop)
    g_cancellable_disconnect (stop, stopping);
  g_source_remove (timer);
  if (done)
    return check_end (child, stop, error);
  g_subprocess_force_exit (child);
  return FALSE;
}

static gboolean
run_espeak (const Words * words, const char *path, GCancellable * stop,
    GError ** error)
{
  const SandboxVoice *voice = words->voice;
  double wish = CLAMP (voice->speed * words->speed, MIN_SPEED, MAX_SPEED);
  g_autofree char *text = clean_text (words->text);
  g_autofree char *name = sandbox_voice_espeak_name (voice, words->language);
  g_autofree char *pitch = g_strdup_printf ("%d", voice->pitch);
  g_autofree char *speed = g_strdup_printf ("%d", (int) (wish + 0.5));
  const char *argv[] = { "espeak-ng", "-v", name, "-p", pitch, "-s", speed,
    "-b", "1", "--stdin", "-w", path, NULL
  };
  g_autoptr (GSubprocess) child = g_subprocess_newv (argv,
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
      G_SUBPROCESS_FLAGS_STDERR_SILENCE, error);

  return child && wait_for_child (child, text, stop, error);
}

static gint16 *
copy_samples (const char *bytes, gsize count)
{
  gint16 *samples = g_new0 (gint16, count + 1);

  memcpy (samples, bytes, count * 2);
  for (gsize i = 0; i < count; i++)
    samples[i] = GINT16_FROM_LE (samples[i]);
  return samples;
}

/* The samples of the WAV file that espeak-ng wrote: 16 bit, one channel. */
static gint16 *
read_samples (const char *path, gsize * count, GError ** error)
{
  g_autofree char *data = NULL;
  gsize size, at = 12;
  guint32 chunk;

  if (!g_file_get_contents (path, &data, &size, error))
    return NULL;
  while (at + 8 <= size) {
    memcpy (&chunk, data + at + 4, 4);
    chunk = GUINT32_FROM_LE (chunk);
    if (memcmp (data + at, "data", 4) == 0) {
      *count = MIN ((gsize) chunk, size - at - 8) / 2;
      return copy_samples (data + at + 8, *count);
    }
    at += 8 + (gsize) chunk + (chunk & 1);
  }
  g_set_error_literal (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL,
      "espeak-ng wrote no samples");
  return NULL;
}

static void
put_le (guint8 * at, guint32 value, guint bytes)
{
  for (guint i = 0; i < bytes; i++)
    at[i] = value >> (8 * i);
}

static void
put_header (guint8 * header, gsize samples)
{
  memcpy (header, "RIFF....WAVEfmt ", 16);
  put_le (header + 4, HEADER - 8 + samples * 2, 4);
  put_le (header + 16, 16, 4);
  put_le (header + 20, 1, 2);   /* PCM */
  put_le (header + 22, 1, 2);   /* one channel */
  put_le (header + 24, RATE, 4);
  put_le (header + 28, RATE * 2, 4);
  put_le (header + 32, 2, 2);
  put_le (header + 34, 16, 2);
  memcpy (header + 36, "data", 4);
  put_le (header + 40, samples * 2, 4);
}

static void
put_samples (guint8 * out, const gint16 * samples, gsize count)
{
  int peak = 1;

  for (gsize i = 0; i < count; i++)
    peak = MAX (peak, ABS ((int) samples[i]));
  for (gsize i = 0; i < count; i++)
    put_le (out + i * 2, (guint16) (samples[i] * PEAK / peak), 2);
}

/* @total with the silence at both ends. */
static gboolean
write_speech (const char *path, const gint16 * samples, gsize count,
    gsize total, GError ** error)
{
  g_autofree guint8 *file = g_malloc0 (HEADER + total * 2);

  put_header (file, total);
  put_samples (file + HEADER + LEAD * 2, samples, count);
  return g_file_set_contents_full (path, (char *) file, HEADER + total * 2,
      G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* espeak-ng ends a text with silence of its own; ours replaces it. */
static gsize
without_silence (const gint16 * samples, gsize count)
{
  while (count > 0 && ABS ((int) samples[count - 1]) < 40)
    count--;
  return count;
}

/* A whole number of pictures, so that speech and video end together. */
static gsize
whole_frames (gsize samples)
{
  return (samples + FRAME - 1) / FRAME * FRAME;
}

/* Returns: (transfer full) (nullable): what espeak-ng says */
static gint16 *
speak (const Words * words, const char *path, gsize * count,
    GCancellable * stop, GError ** error)
{
  g_autofree char *raw = g_strconcat (path, ".raw", NULL);
  gint16 *samples = NULL;

  if (g_cancellable_set_error_if_cancelled (stop, error))
    return NULL;
  if (g_utf8_strlen (words->text, -1) > MAX_CHARACTERS) {
    too_long (error);
    return NULL;
  }
  if (run_espeak (words, raw, stop, error))
    samples = read_samples (raw, count, error);
  g_unlink (raw);
  if (samples)
    *count = without_silence (samples, *count);
  return samples;
}

/**
 * sandbox_speech_speak:
 * @text: what to say
 * @voice: who says it
 * @language: `zh` or `en`
 * @speed: times as fast as the voice is; 1 is its own
 * @path: the WAV file to write: 22050 Hz, 16 bit, one channel, 2 to 60 s, a
 *   whole number of 1/25 s
 * @stop: (nullable): ends it early
 * @error: return location
 *
 * Returns: whether it was said
 */
gboolean
sandbox_speech_speak (const char *text, const SandboxVoice * voice,
    const char *language, double speed, const char *path, GCancellable * stop,
    GError ** error)
{
  const Words words = { text, voice, language, speed };
  gsize count = 0, total;
  g_autofree gint16 *samples = speak (&words, path, &count, stop, error);

  if (samples == NULL)
    return FALSE;
  total = whole_frames (MAX (LEAD + count + TRAIL, MIN_SAMPLES));
  if (total > MAX_SAMPLES)
    return too_long (error);
  return write_speech (path, samples, count, total, error);
}

/**
 * sandbox_speech_say:
 * @text: what to say
 * @voice: who says it
 * @language: `zh` or `en`
 * @speed: times as fast as the voice is; 1 is its own
 * @path: the WAV file to write, as from sandbox_speech_speak(), but as long
 *   as the text takes
 * @duration: (out): of it, seconds
 * @stop: (nullable): ends it early
 * @error: return location
 *
 * Returns: whether it was said
 */
gboolean
sandbox_speech_say (const char *text, const SandboxVoice * voice,
    const char *language, double speed, const char *path, double *duration,
    GCancellable * stop, GError ** error)
{
  const Words words = { text, voice, language, speed };
  gsize count = 0, total;
  g_autofree gint16 *samples = speak (&words, path, &count, stop, error);

  if (samples == NULL)
    return FALSE;
  total = whole_frames (LEAD + count + TRAIL);
  *duration = (double) total / RATE;
  return write_speech (path, samples, count, total, error);
}
