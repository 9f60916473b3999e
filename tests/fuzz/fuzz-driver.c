/* klinglipsync tests: runs a fuzz target without a fuzzing engine
 *
 *   fuzz-isobmff [--count N] [--from N] DIRECTORY...
 *
 * Feeds the target each file of the directories and then N mutations of them
 * (20000 unless told otherwise). Mutation n is the same in every run; when the
 * target crashes, its number is printed, and "--from n --count 1" repeats it.
 *
 * With an engine, which finds more, the target is built without this file:
 *
 *   tests/run.sh --fuzz
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>

#include "fuzz.h"

#define MAX_SIZE (64 * 1024)

/* What a fuzzing engine would learn from the code */
static const gchar *const words[] = {
  "ftyp", "moov", "mvhd", "trak", "mdia", "hdlr", "tkhd", "vide", "mdat",
  "RIFF", "WAVE", "fmt ", "data", "ID3", "TAG", "APETAGEX", "Xing",
  "{", "}", "[", "]", ",", "\"", "\\u0000", "\\ud800", "null", "true", "-1",
  "1e999", "18446744073709551616", "\"code\":", "\"data\":", "\"data\":{",
  "\"data\":null", "\"error\":", "\"message\":", "\"task_id\":", "\"id\":",
  "\"task_status\":", "\"status\":", "\"task_result\":", "\"videos\":[",
  "\"url\":", "\"progress\":", "\"session_id\":", "\"fail_reason\":",
  "\"face_data\":[", "\"face_list\":[", "\"face_id\":", "\"face_rect\":",
  "\"start_time\":", "\"audios\":[", "\"duration\":", "\"task_info\":{",
};

static const guint32 numbers[] = {
  0, 1, 7, 8, 15, 16, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
};

static volatile sig_atomic_t current;

/* Only what a signal handler may do */
static void
on_crash (int signal_number)
{
  gchar text[] = "fuzz: crashed in mutation          \n";
  gint n = current;

  for (gchar * digit = text + sizeof text - 3; n > 0; n /= 10)
    *digit-- = (gchar) ('0' + n % 10);
  if (write (STDERR_FILENO, text, sizeof text - 1) < 0)
    _exit (1);
  signal (signal_number, SIG_DFL);
  raise (signal_number);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar * const *) a, *(const gchar * const *) b);
}

static void
load_directory (GPtrArray * corpus, const gchar * path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    g_ptr_array_add (names, g_build_filename (path, name, NULL));
  /* the order of a directory differs from machine to machine */
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    gchar *data;
    gsize size;

    if (g_file_get_contents (names->pdata[i], &data, &size, NULL))
      g_ptr_array_add (corpus, g_bytes_new_take (data, size));
  }
}

static guint
pick (GRand * rand, guint n)
{
  return n > 0 ? (guint) g_rand_int_range (rand, 0, (gint32) n) : 0;
}

static guint
pick_length (GRand * rand, guint max)
{
  guint length = pick (rand, 64);

  return MIN (length, max);
}

static void
insert (GByteArray * input, guint at, const guint8 * data, guint size)
{
  guint rest = input->len - at;

  if (size == 0)
    return;
  g_byte_array_set_size (input, input->len + size);
  memmove (input->data + at + size, input->data + at, rest);
  memcpy (input->data + at, data, size);
}

static void
put_number (GByteArray * input, GRand * rand)
{
  guint32 number = numbers[pick (rand, G_N_ELEMENTS (numbers))];

  number = GUINT32_TO_BE (number);
  if (input->len >= sizeof number)
    memcpy (input->data + pick (rand, input->len - sizeof number + 1), &number,
        sizeof number);
}

static void
put_word (GByteArray * input, GRand * rand)
{
  const gchar *word = words[pick (rand, G_N_ELEMENTS (words))];

  insert (input, pick (rand, input->len + 1), (const guint8 *) word,
      (guint) strlen (word));
}

static void
repeat_range (GByteArray * input, GRand * rand)
{
  guint at = pick (rand, input->len);
  guint size = pick_length (rand, input->len - at);
  g_autofree guint8 *copy = g_memdup2 (input->data + at, size);

  insert (input, pick (rand, input->len + 1), copy, size);
}

/* The end of another file behind the start of this one */
static void
splice (GByteArray * input, GRand * rand, const GPtrArray * corpus)
{
  gsize size;
  const guint8 *data =
      g_bytes_get_data (corpus->pdata[pick (rand, corpus->len)], &size);
  guint from = pick (rand, (guint) size);

  g_byte_array_set_size (input, pick (rand, input->len));
  g_byte_array_append (input, data + from, (guint) size - from);
}

static void
mutate (GByteArray * input, GRand * rand, const GPtrArray * corpus)
{
  guint at = pick (rand, input->len);

  switch (pick (rand, 9)) {
    case 0:
      if (input->len > 0)
        input->data[at] ^= (guint8) (1 << pick (rand, 8));
      break;
    case 1:
      if (input->len > 0)
        input->data[at] = (guint8) pick (rand, 256);
      break;
    case 2:
    case 3:
      put_number (input, rand);
      break;
    case 4:
    case 5:
      put_word (input, rand);
      break;
    case 6:
      if (input->len > 0)
        g_byte_array_remove_range (input, at,
            pick_length (rand, input->len - at));
      break;
    case 7:
      repeat_range (input, rand);
      break;
    case 8:
      splice (input, rand, corpus);
      break;
  }
}

/* The target gets a block of just the size, so that a sanitizer sees the end. */
static void
run_target (const guint8 * data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

static void
run_mutation (guint n, const GPtrArray * corpus)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (n);
  g_autoptr (GByteArray) input = g_byte_array_new ();
  gsize size;
  const guint8 *data =
      g_bytes_get_data (corpus->pdata[pick (rand, corpus->len)], &size);
  guint n_changes = 1 + pick (rand, 6);

  current = (sig_atomic_t) n;
  g_byte_array_append (input, data, (guint) MIN (size, MAX_SIZE));
  while (n_changes-- > 0)
    mutate (input, rand, corpus);
  run_target (input->data, input->len);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) corpus =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint from = 1, count = 20000;

  for (gint i = 1; i < argc; i++) {
    if (g_str_equal (argv[i], "--count") && i + 1 < argc)
      count = (guint) g_ascii_strtoull (argv[++i], NULL, 10);
    else if (g_str_equal (argv[i], "--from") && i + 1 < argc)
      from = (guint) g_ascii_strtoull (argv[++i], NULL, 10);
    else
      load_directory (corpus, argv[i]);
  }
  if (corpus->len == 0) {
    g_printerr ("fuzz: there is nothing in the directories named\n");
    return 1;
  }
  signal (SIGSEGV, on_crash);
  signal (SIGBUS, on_crash);
  signal (SIGFPE, on_crash);
  signal (SIGABRT, on_crash);
  signal (SIGTRAP, on_crash);

  run_target (NULL, 0);
  for (guint i = 0; i < corpus->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (corpus->pdata[i], &size);

    run_target (data, size);
  }
  for (guint n = from; n - from < count; n++)
    run_mutation (n, corpus);
  g_print ("%u files, %u mutations\n", corpus->len, count);
  return 0;
}
