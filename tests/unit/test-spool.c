/* klinglipsync: tests of the spool
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>
#include <glib/gstdio.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kling-error.h"
#include "kling-spool.h"

#define BLOCK (64 * 1024)

/* The directory of this run; GLib reads TMPDIR once, so main() sets it. */
static gchar *directory;

static guint
count_files (void)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (dir && g_dir_read_name (dir))
    n++;
  return n;
}

/* How many files without a name, made in our directory, we hold open. */
static guint
count_unnamed_files (void)
{
  guint n = 0;

  for (gint fd = 0; fd < 256; fd++) {
    g_autofree gchar *name = g_strdup_printf ("/proc/self/fd/%d", fd);
    g_autofree gchar *target = g_file_read_link (name, NULL);

    if (target && g_str_has_prefix (target, directory)) {
      fail_unless (g_str_has_suffix (target, " (deleted)"), "%s", target);
      fail_unless (fcntl (fd, F_GETFD) & FD_CLOEXEC, "not closed on exec");
      n++;
    }
  }
  return n;
}

/* The bytes that belong at @offset: not periodic in any power of two */
static GBytes *
make_pattern (goffset offset, gsize size)
{
  guint8 *data = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (((guint64) offset + i) % 251);
  return g_bytes_new_take (data, size);
}

static KlingSpool *
make_spool (gsize size)
{
  KlingSpool *spool = kling_spool_new ("result");

  for (gsize done = 0; done < size;) {
    gsize n = MIN (size - done, BLOCK);
    g_autoptr (GBytes) block = make_pattern (done, n);

    fail_unless (kling_spool_write (spool, g_bytes_get_data (block, NULL), n,
            NULL));
    done += n;
  }
  fail_unless (kling_spool_finish (spool, NULL));
  return spool;
}

static void
check_read (KlingSpool * spool, goffset offset, gsize size, gssize expected)
{
  g_autofree guint8 *data = g_malloc0 (size + 1);
  g_autoptr (GBytes) pattern = make_pattern (offset, size);

  fail_unless_equals_int64 (kling_spool_read (spool, offset, data, size, NULL),
      expected);
  fail_unless (memcmp (data, g_bytes_get_data (pattern, NULL),
          (gsize) expected) == 0, "wrong bytes at %" G_GOFFSET_FORMAT, offset);
}

static const struct
{
  gsize size;
  guint files;
} sizes[] = {
  {0, 0},
  {1, 0},
  {BLOCK, 0},
  {KLING_SPOOL_MEMORY - 1, 0},
  {KLING_SPOOL_MEMORY, 0},
  {KLING_SPOOL_MEMORY + 1, 1},
  {KLING_SPOOL_MEMORY + BLOCK + 7, 1},
  {3 * KLING_SPOOL_MEMORY, 1},
};

GST_START_TEST (test_sizes)
{
  gsize size = sizes[__i__].size;
  g_autoptr (GBytes) whole = make_pattern (0, size);
  g_autofree gchar *sha256 =
      g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, whole);
  KlingSpool *spool = make_spool (size);

  fail_unless_equals_int64 (kling_spool_get_size (spool), size);
  fail_unless_equals_string (kling_spool_get_sha256 (spool), sha256);
  fail_unless_equals_int (count_unnamed_files (), sizes[__i__].files);
  fail_unless_equals_int (count_files (), 0);

  check_read (spool, 0, size, size);
  check_read (spool, 0, size + 100, size);
  check_read (spool, size / 3, size / 3, size / 3);
  check_read (spool, size, 10, 0);
  check_read (spool, (goffset) size + 1, 10, 0);
  check_read (spool, G_MAXINT64, 10, 0);
  if (size > 0)
    check_read (spool, size - 1, 10, 1);

  kling_spool_unref (spool);
  fail_unless_equals_int (count_unnamed_files (), 0);
}

GST_END_TEST;

/* One write that is larger than what may stay in memory */
GST_START_TEST (test_large_write)
{
  g_autoptr (KlingSpool) spool = kling_spool_new ("result");
  g_autoptr (GBytes) whole = make_pattern (0, 2 * KLING_SPOOL_MEMORY);

  fail_unless (kling_spool_write (spool, g_bytes_get_data (whole, NULL),
          g_bytes_get_size (whole), NULL));
  fail_unless (kling_spool_get_sha256 (spool) == NULL);
  fail_unless (kling_spool_finish (spool, NULL));
  check_read (spool, 12345, BLOCK, BLOCK);
  fail_unless_equals_int (count_unnamed_files (), 1);
}

GST_END_TEST;

static gpointer
read_everywhere (gpointer user_data)
{
  KlingSpool *spool = user_data;
  goffset size = kling_spool_get_size (spool);

  for (guint i = 0; i < 500; i++)
    check_read (spool, (i * G_GINT64_CONSTANT (7919)) % (size - 4096), 4096,
        4096);
  kling_spool_unref (spool);
  return NULL;
}

/* Readers in several threads do not move each other's offset. */
GST_START_TEST (test_threads)
{
  g_autoptr (KlingSpool) spool = make_spool (2 * KLING_SPOOL_MEMORY);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("reader", read_everywhere,
        kling_spool_ref (spool));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

GST_END_TEST;

/* Writes @n bytes of @byte at @offset, in the spool and in @model. */
static void
write_both (KlingSpool * spool, GByteArray * model, goffset offset, gsize n,
    guint8 byte)
{
  g_autofree guint8 *data = g_malloc (n);
  gsize old = model->len;

  memset (data, byte, n);
  fail_unless (kling_spool_write_at (spool, offset, data, n, NULL));
  if (offset + n > old) {
    g_byte_array_set_size (model, offset + n);
    memset (model->data + old, 0, offset + n - old);
  }
  memcpy (model->data + offset, data, n);
}

/* What muxers do that come back to their header, below and above the size that
 * goes to a file; and the gap that a wild one leaves. */
GST_START_TEST (test_write_over)
{
  gsize body = __i__ ? 2 * KLING_SPOOL_MEMORY : 1000;
  g_autoptr (KlingSpool) spool = kling_spool_new ("audio");
  g_autoptr (GByteArray) model = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autofree gchar *sha256 = NULL;

  write_both (spool, model, 0, 44, 1);
  write_both (spool, model, 44, body, 2);
  write_both (spool, model, 4, 4, 3);
  write_both (spool, model, 40 + body, 8, 4);
  write_both (spool, model, 100 + body, 5, 5);
  fail_unless (kling_spool_finish (spool, NULL));

  sha256 = g_compute_checksum_for_data (G_CHECKSUM_SHA256, model->data,
      model->len);
  fail_unless_equals_string (kling_spool_get_sha256 (spool), sha256);
  bytes = kling_spool_get_bytes (spool, NULL);
  g_clear_pointer (&spool, kling_spool_unref);
  fail_unless_equals_int (g_bytes_get_size (bytes), model->len);
  fail_unless (memcmp (g_bytes_get_data (bytes, NULL), model->data,
          model->len) == 0);
}

GST_END_TEST;

/* The size is judged before a byte is looked at, so no 4 GiB are needed. */
GST_START_TEST (test_too_large)
{
  g_autoptr (KlingSpool) spool = kling_spool_new ("result");
  g_autoptr (GError) error = NULL;
  guint8 byte = 0;

  fail_unless (kling_spool_write (spool, &byte, 1, NULL));
  fail_if (kling_spool_write (spool, &byte, (gsize) KLING_SPOOL_MAX, &error));
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_RESULT));
  fail_unless (strstr (error->message, "4 GiB") != NULL, "%s", error->message);
  g_clear_error (&error);
  fail_if (kling_spool_write (spool, &byte, G_MAXSIZE, &error));
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_RESULT));
  fail_unless_equals_int64 (kling_spool_get_size (spool), 1);
}

GST_END_TEST;

static void
check_disk_error (const GError * error)
{
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_LOCAL));
  fail_unless (strstr (error->message, directory) != NULL, "%s",
      error->message);
  fail_unless (strstr (error->message, "TMPDIR") != NULL, "%s", error->message);
}

/* A limit on the size of files stands in for a full disk. */
GST_START_TEST (test_disk_full)
{
  g_autoptr (KlingSpool) spool = kling_spool_new ("result");
  g_autoptr (GBytes) block = make_pattern (0, BLOCK);
  g_autoptr (GError) error = NULL;
  struct rlimit old, limit;
  gsize done = 0;

  fail_unless (getrlimit (RLIMIT_FSIZE, &old) == 0);
  limit = old;
  limit.rlim_cur = KLING_SPOOL_MEMORY + 3 * BLOCK / 2;
  signal (SIGXFSZ, SIG_IGN);
  fail_unless (setrlimit (RLIMIT_FSIZE, &limit) == 0);
  while (done < 2 * KLING_SPOOL_MEMORY
      && kling_spool_write (spool, g_bytes_get_data (block, NULL), BLOCK,
          &error))
    done += BLOCK;
  setrlimit (RLIMIT_FSIZE, &old);

  fail_unless_equals_int64 (done, KLING_SPOOL_MEMORY + BLOCK);
  check_disk_error (error);
}

GST_END_TEST;

GST_START_TEST (test_no_directory)
{
  g_autoptr (KlingSpool) spool = kling_spool_new ("result");
  g_autoptr (GBytes) whole = make_pattern (0, KLING_SPOOL_MEMORY + 1);
  g_autoptr (GError) error = NULL;

  fail_unless (g_rmdir (directory) == 0);
  fail_if (kling_spool_write (spool, g_bytes_get_data (whole, NULL),
          g_bytes_get_size (whole), &error));
  fail_unless (g_mkdir (directory, 0700) == 0);
  check_disk_error (error);
}

GST_END_TEST;

/* A file that somebody cut behind our back is an error, not the end. */
GST_START_TEST (test_cut_file)
{
  g_autoptr (KlingSpool) spool = make_spool (2 * KLING_SPOOL_MEMORY);
  g_autoptr (GError) error = NULL;
  guint8 data[16];

  for (gint fd = 3; fd < 256; fd++) {
    g_autofree gchar *name = g_strdup_printf ("/proc/self/fd/%d", fd);
    g_autofree gchar *target = g_file_read_link (name, NULL);

    if (target && g_str_has_prefix (target, directory))
      fail_unless (ftruncate (fd, KLING_SPOOL_MEMORY) == 0);
  }
  fail_unless_equals_int (kling_spool_read (spool, KLING_SPOOL_MEMORY - 8,
          data, sizeof data, &error), -1);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_LOCAL));
}

GST_END_TEST;

/* --- from the front again, and files with a name --- */

/* Below and above the size that goes to a file */
GST_START_TEST (test_restart)
{
  gsize old = __i__ ? 2 * KLING_SPOOL_MEMORY : 1000;
  g_autoptr (KlingSpool) spool = kling_spool_new ("result");
  g_autoptr (GBytes) gone = make_pattern (5, old);
  g_autoptr (GBytes) stays = make_pattern (0, 100);
  g_autofree gchar *sha256 =
      g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, stays);
  g_autoptr (GBytes) bytes = NULL;

  fail_unless (kling_spool_write (spool, g_bytes_get_data (gone, NULL), old,
          NULL));
  fail_unless (kling_spool_write_at (spool, 3, (const guint8 *) "x", 1, NULL));
  fail_unless (kling_spool_restart (spool, NULL));
  fail_unless_equals_int64 (kling_spool_get_size (spool), 0);
  fail_unless (kling_spool_write (spool, g_bytes_get_data (stays, NULL), 100,
          NULL));
  fail_unless (kling_spool_finish (spool, NULL));
  fail_unless_equals_string (kling_spool_get_sha256 (spool), sha256);
  check_read (spool, 0, 200, 100);
  bytes = kling_spool_get_bytes (spool, NULL);
  fail_unless (g_bytes_equal (bytes, stays));
}

GST_END_TEST;

GST_START_TEST (test_named_file)
{
  g_autofree gchar *path = g_build_filename (directory, "named", NULL);
  g_autoptr (GBytes) whole = make_pattern (0, 700000);
  g_autofree gchar *sha256 =
      g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, whole);
  const guint8 *data = g_bytes_get_data (whole, NULL);
  KlingSpool *spool;
  gint fd;

  fail_unless (g_file_set_contents (path, (const gchar *) data, 300001, NULL));
  fd = g_open (path, O_RDWR | O_CLOEXEC);
  spool = kling_spool_new_for_file ("result", path, fd, NULL);
  fail_unless (spool != NULL);
  fail_unless_equals_int (kling_spool_get_fd (spool), fd);
  fail_unless_equals_int64 (kling_spool_get_size (spool), 300001);
  fail_unless (kling_spool_write (spool, data + 300001, 399999, NULL));
  fail_unless (kling_spool_finish (spool, NULL));
  fail_unless_equals_string (kling_spool_get_sha256 (spool), sha256);
  check_read (spool, 299990, 100, 100);
  kling_spool_unref (spool);

  fail_unless (fcntl (fd, F_GETFD) < 0, "left open");
  fail_unless_equals_int (count_files (), 1);
  g_unlink (path);
}

GST_END_TEST;

static Suite *
spool_suite (void)
{
  Suite *suite = suite_create ("spool");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_sizes, 0, G_N_ELEMENTS (sizes));
  tcase_add_test (tc, test_large_write);
  tcase_add_loop_test (tc, test_write_over, 0, 2);
  tcase_add_test (tc, test_threads);
  tcase_add_test (tc, test_too_large);
  tcase_add_test (tc, test_disk_full);
  tcase_add_test (tc, test_no_directory);
  tcase_add_test (tc, test_cut_file);
  tcase_add_loop_test (tc, test_restart, 0, 2);
  tcase_add_test (tc, test_named_file);
  return suite;
}

int
main (int argc, char **argv)
{
  const gchar *parent = g_getenv ("TMPDIR");
  int failures;

  directory = g_mkdtemp (g_build_filename (parent ? parent : "/tmp",
          "kling-test-XXXXXX", NULL));
  g_setenv ("TMPDIR", directory, TRUE);
  gst_check_init (&argc, &argv);
  failures = gst_check_run_suite (spool_suite (), "spool", __FILE__);
  g_rmdir (directory);
  g_free (directory);
  return failures;
}
